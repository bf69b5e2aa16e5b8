use std::collections::HashMap;

use entity::{country, email_type, gender, phone_type, region, sex};
use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect};
use uuid::Uuid;

use crate::error::Result;
use crate::scope::{Permission, Scope};

use super::countries::COMMON_NAMES;

/// The entries of a small catalogue.
#[derive(Debug, Default)]
pub struct Codes {
    keys: HashMap<String, Uuid>,
    codes: HashMap<Uuid, String>,
}

impl Codes {
    /// The key of the entry with this code.
    #[must_use]
    pub fn key(&self, code: Option<&str>) -> Option<Uuid> {
        self.keys.get(code?).copied()
    }

    /// The code of the entry with this key.
    #[must_use]
    pub fn code(&self, key: Option<Uuid>) -> Option<&str> {
        self.codes.get(&key?).map(String::as_str)
    }

    async fn load<E: EntityTrait>(db: &impl ConnectionTrait, key: E::Column, code: E::Column) -> Result<Self> {
        let rows: Vec<(Uuid, String)> = E::find().select_only().columns([key, code]).into_tuple().all(db).await?;
        let keys = rows.iter().map(|(key, code)| (code.clone(), *key)).collect();
        Ok(Self { keys, codes: rows.into_iter().collect() })
    }
}

/// What the small catalogues hold, for telling entries by their codes and names.
#[derive(Debug, Default)]
pub struct Vocabulary {
    /// Sexes recorded at birth.
    pub sexes: Codes,
    /// Genders that people identify with.
    pub genders: Codes,
    /// What email addresses are for.
    pub email_types: Codes,
    /// What phone numbers are for.
    pub phone_types: Codes,
    /// Countries, by their codes of two letters.
    pub countries: Codes,
    /// Regions, by their codes, such as `US-MA`.
    pub regions: Codes,
    /// Countries by names and codes in small letters.
    countries_by_name: HashMap<String, Uuid>,
    /// Regions by country and name in small letters.
    regions_by_name: HashMap<(Uuid, String), Uuid>,
}

impl Vocabulary {
    /// Reads the catalogues.
    ///
    /// # Errors
    /// `Forbidden`, and as any read.
    pub async fn load(scope: &Scope, db: &impl ConnectionTrait) -> Result<Self> {
        scope.require(Permission::ReadDirectory)?;
        let mut found = Self {
            sexes: Codes::load::<sex::Entity>(db, sex::Column::Uuid, sex::Column::Code).await?,
            genders: Codes::load::<gender::Entity>(db, gender::Column::Uuid, gender::Column::Code).await?,
            email_types: Codes::load::<email_type::Entity>(db, email_type::Column::Uuid, email_type::Column::Code)
                .await?,
            phone_types: Codes::load::<phone_type::Entity>(db, phone_type::Column::Uuid, phone_type::Column::Code)
                .await?,
            ..Self::default()
        };
        for country in country::Entity::find().all(db).await? {
            found.countries.codes.insert(country.uuid, country.alpha2.clone());
            for name in [country.alpha2, country.alpha3, country.name] {
                found.countries_by_name.insert(name.to_lowercase(), country.uuid);
            }
        }
        for (name, code) in COMMON_NAMES {
            let key = found.countries_by_name.get(&code.to_lowercase()).copied();
            key.map(|key| found.countries_by_name.entry((*name).to_owned()).or_insert(key));
        }
        for region in region::Entity::find().all(db).await? {
            found.regions.codes.insert(region.uuid, region.code.clone());
            let own = region.code.split_once('-').map_or("", |(_, own)| own).to_owned();
            for name in [region.name, own, region.code] {
                found.regions_by_name.insert((region.country_id, name.to_lowercase()), region.uuid);
            }
        }
        Ok(found)
    }

    /// The country with this name, in ISO 3166-1 or common English, or this code.
    pub(super) fn country(&self, name: &str) -> Option<Uuid> {
        self.countries_by_name.get(&name.trim().to_lowercase()).copied()
    }

    /// The country's region with this name or code.
    pub(super) fn region(&self, country: Uuid, name: &str) -> Option<Uuid> {
        self.regions_by_name.get(&(country, name.trim().to_lowercase())).copied()
    }
}
