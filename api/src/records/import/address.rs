use entity::address::{ActiveModel, Column, Model};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::Transaction;
use crate::error::Result;
use crate::records::check::{Kind, MAX_ADDRESS};
use crate::records::dependent::{AddressPurpose, Addresses, AsTold, Between, Dependent as _};

use super::How;
use super::contact::{Contact, give_way, key, settle};
use super::put::{Import, Item, judge_of, told, unknown};
use super::vocabulary::Vocabulary;

/// A postal address of a patient, as it was recorded elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImportedAddress {
    /// Where it comes from, as messages say it.
    pub place: String,
    /// Street and number: 1 to 500 characters.
    pub street: Option<String>,
    /// City: 1 to 100 characters.
    pub city: Option<String>,
    /// Postal code: 1 to 20 characters.
    pub postal_code: Option<String>,
    /// The country's region, by its name or its code in ISO 3166-2, with or without the country's.
    pub region: Option<String>,
    /// The country, by its name or its code of two or three letters in ISO 3166-1.
    pub country: Option<String>,
    /// Latitude and longitude, in degrees of the WGS 84, as texts.
    pub position: Option<(String, String)>,
    /// What it is for.
    pub purpose: Option<AddressPurpose>,
    /// Whether it is the one to use.
    pub is_primary: bool,
}

/// The record, and the parts of it that no catalogue knows, each with its name and why it was left out.
pub(super) fn address(
    patient: Uuid,
    told_address: ImportedAddress,
    known: &Vocabulary,
    clock: &dyn Clock,
) -> (Item<Addresses>, Vec<(&'static str, &'static str)>) {
    let mut judge = judge_of(clock);
    let ImportedAddress { place: _, street, city, postal_code, region, country, position, purpose, is_primary } =
        told_address;
    let parts = [&street, &city, &postal_code, &region, &country].map(|part| part.as_deref().unwrap_or_default());
    let uuid = key(patient, "Address", parts);
    let country_id = country.as_deref().and_then(|country| known.country(country));
    let region_id = country_id.zip(region.as_deref()).and_then(|(country, region)| known.region(country, region));
    let mut left_out = Vec::new();
    if country.is_some() && country_id.is_none() {
        left_out.push(("country", "was left out: is no name and no code of ISO 3166-1"));
    }
    if region.is_some() && region_id.is_none() {
        left_out.push(("state", "was left out: is no region of the country, or the country is not known"));
    }
    let degrees = |text: &str| text.parse::<f64>().ok();
    let (latitude, longitude) = position.and_then(|(north, east)| degrees(&north).zip(degrees(&east))).unzip();
    let row = ActiveModel {
        uuid: Set(uuid),
        patient_id: Set(patient),
        street: judge.required("street", &Kind::Plain(MAX_ADDRESS), told_or_null(street)),
        city: judge.optional("city", &Kind::Plain(100), told(city)),
        postal_code: judge.optional("postalCode", &Kind::Plain(20), told(postal_code)),
        country_id: country_id.map_or(NotSet, |key| Set(Some(key))),
        region_id: region_id.map_or(NotSet, |key| Set(Some(key))),
        latitude: judge.optional("latitude", &Between(-90.0, 90.0), told(latitude)),
        longitude: judge.optional("longitude", &Between(-180.0, 180.0), told(longitude)),
        purpose: judge.optional("purpose", &AsTold, told(purpose)),
        is_primary: if is_primary { Set(true) } else { NotSet },
        ..ActiveModel::default()
    };
    Addresses::consistent(&row, &mut judge.check);
    (Item::new(uuid, row, judge.check.into_faults()), left_out)
}

fn told_or_null(text: Option<String>) -> async_graphql::MaybeUndefined<String> {
    Some(text).into()
}

impl Contact for Addresses {
    fn tells() -> &'static [Column] {
        &[Column::Street, Column::City, Column::PostalCode]
    }

    fn is_primary() -> Column {
        Column::IsPrimary
    }

    fn kind() -> Option<Column> {
        Some(Column::Purpose)
    }

    fn renew(row: &mut ActiveModel) {
        unknown(&mut row.city);
        unknown(&mut row.postal_code);
        unknown(&mut row.country_id);
        unknown(&mut row.region_id);
        unknown(&mut row.latitude);
        unknown(&mut row.longitude);
    }
}

impl Import for Addresses {
    fn fill(row: &mut ActiveModel) {
        Self::renew(row);
        unknown(&mut row.purpose);
        if row.is_primary.is_not_set() {
            row.is_primary = Set(false);
        }
        row.deleted_at = Set(None);
    }

    fn is_deleted(model: &Model) -> bool {
        model.deleted_at.is_some()
    }

    async fn introduce(tx: &Transaction, items: &[Item<Self>]) -> Result<()> {
        give_way(tx, items).await
    }

    async fn settle(db: &impl ConnectionTrait, how: How, items: Vec<Item<Self>>) -> Result<Vec<Item<Self>>> {
        settle(db, how, items).await
    }
}
