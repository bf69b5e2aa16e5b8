use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_graphql::dataloader::{DataLoader, HashMapCache, Loader};
use sea_orm::Iterable;
use uuid::Uuid;

use crate::criteria::Criteria;
use crate::database::Reader;
use crate::error::{Error, Result};
use crate::records::catalogue::{Countries, InstitutionTypes, Regions, SpecialtyCategories};
use crate::records::doctor::Doctors;
use crate::records::doctor_specialty::DoctorSpecialties;
use crate::records::medical_institution::MedicalInstitutions;
use crate::records::role::Roles;
use crate::records::{Collection, Loaded, Row, find_many};
use crate::scope::Scope;

/// How long the first of a level's records waits for the others: long enough for one batch per level, and too short to
/// be noticed.
const DELAY: Duration = Duration::from_micros(200);

type ByKey<C> = DataLoader<Batch<C>, HashMapCache>;

/// Reads records by key, all of one level in one statement. One set for each request: what one caller may see is never
/// handed to another.
pub(super) struct Loaders {
    scope: Scope,
    reader: Reader,
    doctors: OnceLock<ByKey<Doctors>>,
    institutions: OnceLock<ByKey<MedicalInstitutions>>,
    specialties: OnceLock<ByKey<DoctorSpecialties>>,
    roles: OnceLock<ByKey<Roles>>,
    countries: OnceLock<ByKey<Countries>>,
    regions: OnceLock<ByKey<Regions>>,
    institution_types: OnceLock<ByKey<InstitutionTypes>>,
    categories: OnceLock<ByKey<SpecialtyCategories>>,
}

impl std::fmt::Debug for Loaders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Loaders")
    }
}

impl Loaders {
    pub(super) const fn new(scope: Scope, reader: Reader) -> Self {
        Self {
            scope,
            reader,
            doctors: OnceLock::new(),
            institutions: OnceLock::new(),
            specialties: OnceLock::new(),
            roles: OnceLock::new(),
            countries: OnceLock::new(),
            regions: OnceLock::new(),
            institution_types: OnceLock::new(),
            categories: OnceLock::new(),
        }
    }

    pub(super) async fn doctor(&self, key: Uuid) -> Result<Option<Row<entity::doctor::Entity>>, Arc<Error>> {
        self.doctors.get_or_init(|| self.by_key()).load_one(key).await
    }

    pub(super) async fn institution(
        &self,
        key: Uuid,
    ) -> Result<Option<Row<entity::medical_institution::Entity>>, Arc<Error>> {
        self.institutions.get_or_init(|| self.by_key()).load_one(key).await
    }

    pub(super) async fn specialty(
        &self,
        key: Uuid,
    ) -> Result<Option<Row<entity::doctor_specialty::Entity>>, Arc<Error>> {
        self.specialties.get_or_init(|| self.by_key()).load_one(key).await
    }

    pub(super) async fn role(&self, key: Uuid) -> Result<Option<Row<entity::role::Entity>>, Arc<Error>> {
        self.roles.get_or_init(|| self.by_key()).load_one(key).await
    }

    pub(super) async fn country(&self, key: Uuid) -> Result<Option<Row<entity::country::Entity>>, Arc<Error>> {
        self.countries.get_or_init(|| self.by_key()).load_one(key).await
    }

    pub(super) async fn region(&self, key: Uuid) -> Result<Option<Row<entity::region::Entity>>, Arc<Error>> {
        self.regions.get_or_init(|| self.by_key()).load_one(key).await
    }

    pub(super) async fn institution_type(
        &self,
        key: Uuid,
    ) -> Result<Option<Row<entity::institution_type::Entity>>, Arc<Error>> {
        self.institution_types.get_or_init(|| self.by_key()).load_one(key).await
    }

    pub(super) async fn category(
        &self,
        key: Uuid,
    ) -> Result<Option<Row<entity::specialty_category::Entity>>, Arc<Error>> {
        self.categories.get_or_init(|| self.by_key()).load_one(key).await
    }

    fn by_key<C: Keyed>(&self) -> ByKey<C> {
        let batch = Batch { scope: self.scope.clone(), reader: self.reader.clone(), kind: PhantomData };
        DataLoader::with_cache(batch, tokio::spawn, HashMapCache::default()).delay(DELAY)
    }
}

struct Batch<C> {
    scope: Scope,
    reader: Reader,
    kind: PhantomData<C>,
}

trait Keyed: Collection {
    fn key_of(row: &Row<Self::Entity>) -> Result<Uuid>;
}

macro_rules! keyed {
    ($($collection:ty),+) => {$(
        impl Keyed for $collection {
            fn key_of(row: &Row<<Self as Criteria>::Entity>) -> Result<Uuid> {
                row.uuid.loaded().copied()
            }
        }
    )+};
}

keyed!(
    Doctors,
    MedicalInstitutions,
    DoctorSpecialties,
    Roles,
    Countries,
    Regions,
    InstitutionTypes,
    SpecialtyCategories
);

impl<C: Keyed> Loader<Uuid> for Batch<C>
where
    Row<C::Entity>: Clone + Send + Sync,
{
    type Value = Row<C::Entity>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>, Self::Error> {
        let columns: Vec<_> = <C::Entity as sea_orm::EntityTrait>::Column::iter().collect();
        let rows = find_many::<C>(&self.scope, &self.reader, keys, &columns).await?;
        let keyed = rows.into_iter().map(|row| Ok((C::key_of(&row)?, row)));
        Ok(keyed.collect::<Result<_>>()?)
    }
}
