//! PostgreSQL's eight table lock modes and which of them conflict (manual, section 13.3.1). Row locks use four of them,
//! whose conflicts are just those of the four row modes (section 13.3.2), and two of their own.

/// A lock mode: 1 (AccessShareLock) to 8 (AccessExclusiveLock), PostgreSQL's numbers; 9 and 10 for rows.
pub type Mode = u8;

/// A set of modes: bit n stands for mode n.
pub type ModeSet = u16;

pub const ACCESS_SHARE: Mode = 1;
pub const ROW_SHARE: Mode = 2;
pub const ROW_EXCLUSIVE: Mode = 3;
pub const SHARE_UPDATE_EXCLUSIVE: Mode = 4;
pub const SHARE: Mode = 5;
pub const SHARE_ROW_EXCLUSIVE: Mode = 6;
pub const EXCLUSIVE: Mode = 7;
pub const ACCESS_EXCLUSIVE: Mode = 8;

/// Rows only: FOR UPDATE by who also takes the row's key away, by a delete or a change of it.
pub const REMOVE: Mode = 9;
/// Rows only: waits for whoever holds REMOVE and for nobody else; held, it is in nobody's way.
pub const AWAIT_REMOVE: Mode = 10;

/// Rows only, beside the modes that a session holds: its commit is on its way to the log, and whoever asks by
/// `Request::passes_committing` may have the lock at once. No mode conflicts with it.
pub const COMMITTING: ModeSet = 1 << 15;

/// FOR KEY SHARE, FOR SHARE, FOR NO KEY UPDATE, FOR UPDATE.
pub const ROW_MODES: [Mode; 4] = [ACCESS_SHARE, ROW_SHARE, EXCLUSIVE, ACCESS_EXCLUSIVE];

const CONFLICTS: [ModeSet; 11] = [
    0,
    set(&[8, 9]),
    set(&[7, 8, 9]),
    set(&[5, 6, 7, 8, 9]),
    set(&[4, 5, 6, 7, 8, 9]),
    set(&[3, 4, 6, 7, 8, 9]),
    set(&[3, 4, 5, 6, 7, 8, 9]),
    set(&[2, 3, 4, 5, 6, 7, 8, 9]),
    set(&[1, 2, 3, 4, 5, 6, 7, 8, 9]),
    set(&[1, 2, 3, 4, 5, 6, 7, 8, 9]),
    set(&[9]),
];

const fn set(modes: &[Mode]) -> ModeSet {
    let mut bits = 0;
    let mut index = 0;
    while index < modes.len() {
        bits |= 1 << modes[index];
        index += 1;
    }
    bits
}

/// The set with only `mode`.
pub fn bit(mode: Mode) -> ModeSet {
    1 << mode
}

/// True where `mode` conflicts with any mode of `held`.
pub fn conflicts(mode: Mode, held: ModeSet) -> bool {
    CONFLICTS
        .get(mode as usize)
        .is_none_or(|set| set & held != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflicts_are_symmetric() {
        for left in 1..=8 {
            for right in 1..=8 {
                assert_eq!(conflicts(left, bit(right)), conflicts(right, bit(left)));
            }
        }
    }

    #[test]
    fn row_modes_conflict_as_the_manual_says() {
        let expected = [
            [false, false, false, true],
            [false, false, true, true],
            [false, true, true, true],
            [true, true, true, true],
        ];
        for (left, row) in ROW_MODES.iter().zip(expected) {
            for (right, conflict) in ROW_MODES.iter().zip(row) {
                assert_eq!(conflicts(*left, bit(*right)), conflict);
            }
        }
    }
}
