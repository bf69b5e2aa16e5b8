use std::net::IpAddr;

use async_graphql::{Enum, InputObject};
use chrono::{DateTime, Datelike, FixedOffset, NaiveTime, Utc, Weekday};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::error::{Fault, FaultCode, FaultParams};

/// Entries of each list of conditions at most.
const MAX_ENTRIES: usize = 100;
/// Characters of a location's name at most.
const MAX_LOCATION: usize = 100;
/// Times of day, as a regular expression (ECMA-262).
const TIME: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]$";
/// Offsets from UTC.
const OFFSET: &str = "^[+-][0-9]{2}:[0-5][0-9]$";
/// Hashes of devices' keys.
const DEVICE: &str = "^[0-9a-f]{64}$";

/// When, from where and with what a role may be used. Each kind of condition that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, InputObject)]
#[graphql(name = "RoleConditionsInput")]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Conditions {
    /// On which days; on any when empty.
    #[graphql(default)]
    pub weekdays: Vec<Day>,
    /// From which time of day on, as `07:00`.
    pub from: Option<String>,
    /// Until which time of day, as `19:30`. Before `from`, the time in between lies across midnight.
    pub until: Option<String>,
    /// In which zone days and times are meant, as an offset from UTC such as `+02:00`; UTC when left out.
    pub utc_offset: Option<String>,
    /// From which places; from anywhere when empty.
    #[graphql(default)]
    pub locations: Vec<Location>,
    /// With which devices: SHA-256 of the key that the device shows when it signs in, in hexadecimal; with any when
    /// empty.
    #[graphql(default)]
    pub devices: Vec<String>,
}

/// A place, by the addresses of its network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, InputObject)]
#[graphql(name = "RoleLocationInput")]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// What people call it.
    pub name: String,
    /// Its addresses, as `10.1.0.0/16` or `fd00::/8`.
    pub network: String,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[graphql(name = "Weekday")]
#[serde(rename_all = "UPPERCASE")]
pub enum Day {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

impl From<Weekday> for Day {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Mon => Self::Monday,
            Weekday::Tue => Self::Tuesday,
            Weekday::Wed => Self::Wednesday,
            Weekday::Thu => Self::Thursday,
            Weekday::Fri => Self::Friday,
            Weekday::Sat => Self::Saturday,
            Weekday::Sun => Self::Sunday,
        }
    }
}

/// Conditions, read for use.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    days: Vec<Day>,
    hours: Option<(NaiveTime, NaiveTime)>,
    offset: Option<FixedOffset>,
    networks: Vec<IpNet>,
    devices: Vec<String>,
}

impl Conditions {
    /// Everything that is wrong with conditions that somebody wants to set.
    #[must_use]
    pub fn faults(&self, path: &[&str]) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut wrong = |code, below: &[String], message: &str, params: FaultParams| {
            let path = path.iter().map(ToString::to_string).chain(below.iter().cloned());
            faults.push(Fault { params, ..Fault::new(code, path, message) });
        };
        let field = |name: &str| [name.to_owned()];
        for (name, time) in [("from", &self.from), ("until", &self.until)] {
            if time.as_deref().is_some_and(|time| hour(time).is_none()) {
                let pattern = FaultParams::matching(TIME);
                wrong(FaultCode::InvalidFormat, &field(name), "a time of day is written as 07:00", pattern);
            }
        }
        if self.from.is_some() != self.until.is_some() {
            wrong(FaultCode::Required, &field("until"), "from and until are given together", FaultParams::default());
        }
        if self.from.is_some() && self.from == self.until {
            let message = "differs from from, or the role could never be used";
            wrong(FaultCode::InvalidState, &field("until"), message, FaultParams::default());
        }
        if self.utc_offset.as_deref().is_some_and(|offset| offset.parse::<FixedOffset>().is_err()) {
            let pattern = FaultParams::matching(OFFSET);
            wrong(FaultCode::InvalidFormat, &field("utcOffset"), "an offset is written as +02:00", pattern);
        }
        for (name, size) in [("locations", self.locations.len()), ("devices", self.devices.len())] {
            if size > MAX_ENTRIES {
                let message = format!("has more than {MAX_ENTRIES} entries");
                wrong(FaultCode::TooMany, &field(name), &message, FaultParams::at_most(MAX_ENTRIES));
            }
        }
        for (index, location) in self.locations.iter().enumerate() {
            let at = |name: &str| ["locations".to_owned(), index.to_string(), name.to_owned()];
            if location.name.trim().is_empty() {
                wrong(FaultCode::Required, &at("name"), "must not be empty", FaultParams::default());
            }
            if location.name.chars().count() > MAX_LOCATION {
                let message = format!("must have at most {MAX_LOCATION} characters");
                wrong(FaultCode::TooLong, &at("name"), &message, FaultParams::at_most(MAX_LOCATION));
            }
            if location.network.parse::<IpNet>().is_err() {
                let message = "a network is written as 10.1.0.0/16 or fd00::/8";
                wrong(FaultCode::InvalidFormat, &at("network"), message, FaultParams::default());
            }
        }
        for (index, device) in self.devices.iter().enumerate() {
            if device.len() != 64 || !device.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
                let at = ["devices".to_owned(), index.to_string()];
                let message = "SHA-256 of the device's key: 64 hexadecimal digits, a to f";
                wrong(FaultCode::InvalidFormat, &at, message, FaultParams::matching(DEVICE));
            }
        }
        faults
    }
}

impl Rules {
    /// What the database holds; none when that makes no sense, and then the role is of no use.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        // A list would be read as an object's fields in their order.
        let conditions: Conditions = Some(text).filter(|text| text.starts_with('{')).map(serde_json::from_str)?.ok()?;
        if !conditions.faults(&[]).is_empty() {
            return None;
        }
        let networks = conditions.locations.iter().map(|location| location.network.parse());
        Some(Self {
            hours: conditions.from.as_deref().and_then(hour).zip(conditions.until.as_deref().and_then(hour)),
            offset: conditions.utc_offset.as_deref().and_then(|offset| offset.parse().ok()),
            networks: networks.collect::<Result<_, _>>().ok()?,
            days: conditions.weekdays,
            devices: conditions.devices,
        })
    }

    /// Whether the role may be used at any time, from anywhere and with anything.
    #[must_use]
    pub fn are_none(&self) -> bool {
        self.days.is_empty() && self.hours.is_none() && self.networks.is_empty() && self.devices.is_empty()
    }

    /// Whether the role may be used now, from there, with that device.
    #[must_use]
    pub fn hold(&self, now: DateTime<Utc>, origin: Option<IpAddr>, device: Option<&str>) -> bool {
        let local = self.offset.map_or_else(|| now.naive_utc(), |offset| now.with_timezone(&offset).naive_local());
        let time = local.time();
        let in_hours = self.hours.is_none_or(|(from, until)| {
            if from <= until { from <= time && time < until } else { time >= from || time < until }
        });
        in_hours
            && (self.days.is_empty() || self.days.contains(&Day::from(local.weekday())))
            && (self.networks.is_empty()
                || origin.is_some_and(|origin| self.networks.iter().any(|network| network.contains(&origin))))
            && (self.devices.is_empty()
                || device.is_some_and(|device| self.devices.iter().any(|known| known == device)))
    }
}

fn hour(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(json: &str) -> Rules {
        Rules::read(json).unwrap_or_else(|| panic!("{json}"))
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn hours_may_lie_across_midnight_in_another_zone() {
        let night = rules(r#"{"from": "22:00", "until": "06:00", "utcOffset": "+02:00"}"#);
        for (instant, allowed) in [
            ("2026-01-01T20:00:00Z", true),
            ("2026-01-01T03:59:59Z", true),
            ("2026-01-01T04:00:00Z", false),
            ("2026-01-01T19:59:59Z", false),
        ] {
            assert_eq!(night.hold(at(instant), None, None), allowed, "{instant}");
        }
    }

    #[test]
    fn days_places_and_devices_are_told_apart() {
        let device = "ab".repeat(32);
        let monday = at("2026-01-05T12:00:00Z");
        let work = rules(r#"{"weekdays": ["MONDAY"]}"#);
        assert!(work.hold(monday, None, None) && !work.hold(monday + chrono::Days::new(1), None, None));
        let ward = rules(r#"{"locations": [{"name": "ward", "network": "10.1.0.0/16"}]}"#);
        for (origin, allowed) in
            [(Some("10.1.2.3"), true), (Some("10.2.0.1"), false), (Some("::1"), false), (None, false)]
        {
            let origin = origin.map(|origin| origin.parse().unwrap());
            assert_eq!(ward.hold(monday, origin, None), allowed, "{origin:?}");
        }
        let own = rules(&format!(r#"{{"devices": ["{device}"]}}"#));
        assert!(own.hold(monday, None, Some(&device)) && !own.hold(monday, None, None));
        assert!(rules("{}").hold(monday, None, None));
    }

    #[test]
    fn conditions_that_make_no_sense_are_named_and_never_used() {
        let broken: Conditions = serde_json::from_str(
            r#"{"from": "25:00", "utcOffset": "noon", "locations": [{"name": "", "network": "ward"}], "devices": ["x"]}"#,
        )
        .unwrap();
        let paths: Vec<String> = broken.faults(&["input"]).iter().map(|fault| fault.path.join(".")).collect();
        let expected = [
            "input.from",
            "input.until",
            "input.utcOffset",
            "input.locations.0.name",
            "input.locations.0.network",
            "input.devices.0",
        ];
        assert_eq!(paths, expected);
        let never = r#"{"from": "07:00", "until": "07:00"}"#;
        for text in ["nonsense", "[]", r#"{"weekday": []}"#, r#"{"from": "07:00"}"#, never] {
            assert!(Rules::read(text).is_none(), "{text}");
        }
    }
}
