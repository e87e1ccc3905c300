//! ICU collations: order and sort keys of text by a locale's rules (Unicode Technical Standard 10, CLDR data compiled in).
//! A collation is opened once by its BCP 47 locale, whose `-u-` keywords (ks, ka, kc, kf, kn, co) set strength and the
//! rest, and is used by its handle from then on, from any thread.

use std::cmp::Ordering;
use std::sync::{OnceLock, RwLock};

use icu_collator::options::{AlternateHandling, CaseLevel, CollatorOptions, Strength};
use icu_collator::{CollatorBorrowed, CollatorPreferences};
use icu_locale::Locale;
use icu_locale::extensions::unicode::Key;

struct Opened {
    collator: CollatorBorrowed<'static>,
    /// `ks-identic`: ties are broken by code points.
    is_identical: bool,
}

fn opened() -> &'static RwLock<Vec<Opened>> {
    static OPENED: OnceLock<RwLock<Vec<Opened>>> = OnceLock::new();
    OPENED.get_or_init(|| RwLock::new(Vec::new()))
}

/// Opens the collation of a locale, such as `de-AT-u-ks-level2`; the handle stays valid for the process's life.
/// Errors: a text for people when the locale does not parse or has no data.
pub fn open(locale: &str) -> Result<u32, String> {
    let normalized = if locale.is_empty() || locale == "root" {
        "und"
    } else {
        locale
    };
    let parsed: Locale = normalized
        .replace('_', "-")
        .parse()
        .map_err(|_| format!("could not convert locale name \"{locale}\" to language tag"))?;
    let mut options = CollatorOptions::default();
    options.strength = strength(&parsed);
    options.alternate_handling = match keyword(&parsed, "ka").as_deref() {
        Some("shifted") => Some(AlternateHandling::Shifted),
        Some("noignore") => Some(AlternateHandling::NonIgnorable),
        _ => None,
    };
    options.case_level = match keyword(&parsed, "kc").as_deref() {
        Some("true") | Some("") => Some(CaseLevel::On),
        Some("false") => Some(CaseLevel::Off),
        _ => None,
    };
    let is_identical = keyword(&parsed, "ks").as_deref() == Some("identic");
    let collator = CollatorBorrowed::try_new(CollatorPreferences::from(&parsed), options)
        .map_err(|error| format!("could not open collator for locale \"{locale}\": {error}"))?;
    let mut list = opened()
        .write()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    list.push(Opened {
        collator,
        is_identical,
    });
    Ok((list.len() - 1) as u32)
}

/// Order of two texts under an opened collation.
pub fn compare(handle: u32, left: &str, right: &str) -> Ordering {
    with(handle, |collation| {
        let order = collation.collator.compare(left, right);
        if order == Ordering::Equal && collation.is_identical {
            left.cmp(right)
        } else {
            order
        }
    })
    .unwrap_or_else(|| left.cmp(right))
}

/// Bytes whose memcmp order is `compare`'s order.
pub fn sort_key(handle: u32, text: &str) -> Vec<u8> {
    with(handle, |collation| {
        let mut key = Vec::with_capacity(text.len() * 3);
        let Ok(()) = collation.collator.write_sort_key_to(text, &mut key);
        if collation.is_identical {
            key.push(0);
            key.extend_from_slice(text.as_bytes());
        }
        key
    })
    .unwrap_or_else(|| text.as_bytes().to_vec())
}

fn with<T>(handle: u32, use_it: impl FnOnce(&Opened) -> T) -> Option<T> {
    let list = opened()
        .read()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    list.get(handle as usize).map(use_it)
}

fn strength(locale: &Locale) -> Option<Strength> {
    match keyword(locale, "ks")?.as_str() {
        "level1" => Some(Strength::Primary),
        "level2" => Some(Strength::Secondary),
        "level3" => Some(Strength::Tertiary),
        "level4" => Some(Strength::Quaternary),
        "identic" => Some(Strength::Identical),
        _ => None,
    }
}

fn keyword(locale: &Locale, name: &str) -> Option<String> {
    let key: Key = name.parse().ok()?;
    locale
        .extensions
        .unicode
        .keywords
        .get(&key)
        .map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_case_order_by_level() {
        let root = open("und").unwrap_or(u32::MAX);
        let secondary = open("und-u-ks-level2").unwrap_or(u32::MAX);
        let primary = open("und-u-ks-level1").unwrap_or(u32::MAX);
        assert_eq!(compare(root, "a", "B"), Ordering::Less);
        assert_eq!(compare(root, "a", "A"), Ordering::Less);
        assert_eq!(compare(secondary, "a", "A"), Ordering::Equal);
        assert_eq!(compare(secondary, "a", "ä"), Ordering::Less);
        assert_eq!(compare(primary, "a", "Ä"), Ordering::Equal);
        assert!(open("no such locale!").is_err());
    }

    #[test]
    fn sort_keys_order_as_compare_does() {
        let words = [
            "", "a", "A", "ä", "ab", "b", "Z", "zz", "é", "e", "1", "10", "2", "ß", "ss",
        ];
        for locale in ["und", "de-u-co-phonebk", "und-u-kn-true", "und-u-ks-level2"] {
            let handle = open(locale).unwrap_or(u32::MAX);
            for left in words {
                for right in words {
                    let by_key = sort_key(handle, left).cmp(&sort_key(handle, right));
                    assert_eq!(
                        by_key,
                        compare(handle, left, right),
                        "{left:?} {right:?} in {locale}"
                    );
                }
            }
        }
    }
}
