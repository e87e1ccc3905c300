//! Time zone data for the types room.

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

/// A zone's canonical name and TZif bytes.
#[napi(object)]
pub struct TimeZoneData {
    pub name: String,
    pub tzif: Buffer,
}

/// The zone of that name in any case; null where there is none.
#[napi]
pub fn time_zone_data(name: String) -> Option<TimeZoneData> {
    helios_timezones::zone(&name).map(|(name, data)| TimeZoneData {
        name: name.to_owned(),
        tzif: data.to_vec().into(),
    })
}

/// Names of all zones.
#[napi]
pub fn time_zone_names() -> Vec<&'static str> {
    helios_timezones::names()
}
