//! A file's bytes mapped for reading.

use std::fs::File;
use std::os::fd::AsRawFd;

use helios_base::{Error, Result};

pub struct Map {
    memory: *mut libc::c_void,
    bytes: usize,
}

// SAFETY: the mapping is read only and lives until it is dropped; the files behind it are only added to.
unsafe impl Send for Map {}
unsafe impl Sync for Map {}

impl Map {
    /// Maps so many bytes from the file's start; they need not be there yet.
    pub fn new(file: &File, bytes: u64) -> Result<Map> {
        let bytes = bytes.max(1) as usize;
        // SAFETY: a fresh shared read-only mapping of an open file.
        let memory = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                libc::PROT_READ,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if memory == libc::MAP_FAILED {
            let error = std::io::Error::last_os_error();
            return Err(Error::io("could not map a bulk file", &error));
        }
        Ok(Map { memory, bytes })
    }

    pub fn len(&self) -> u64 {
        self.bytes as u64
    }

    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// A part that the file has; None beyond the mapping.
    pub fn part(&self, offset: u64, bytes: u64) -> Option<&[u8]> {
        let end = offset.checked_add(bytes)?;
        if end > self.len() {
            return None;
        }
        // SAFETY: within the mapping; callers ask only for what was written.
        Some(unsafe {
            std::slice::from_raw_parts(
                self.memory.cast::<u8>().add(offset as usize),
                bytes as usize,
            )
        })
    }
}

impl Map {
    /// Lets go of the memory behind a part; the file's bytes stay, and come back when they are read again.
    pub fn release(&self, offset: u64, bytes: u64) {
        const PAGE_BYTES: u64 = 4096;
        let start = offset / PAGE_BYTES * PAGE_BYTES;
        let end = offset.saturating_add(bytes).min(self.len());
        if start >= end {
            return;
        }
        // SAFETY: within the mapping, which is shared and read only: nothing can be lost, and readers just fault again.
        unsafe {
            libc::madvise(
                self.memory.cast::<u8>().add(start as usize).cast(),
                (end - start) as usize,
                libc::MADV_DONTNEED,
            );
        }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: mapped in `new` with this length, unmapped once.
        unsafe { libc::munmap(self.memory, self.bytes) };
    }
}
