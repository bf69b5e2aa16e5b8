use async_graphql::MaybeUndefined;
use entity::identifier;
use entity::medical_institution::{ActiveModel, Model};
use sea_orm::ActiveValue::{NotSet, Set};
use uuid::Uuid;

use crate::database::Cluster;
use crate::error::Result;
use crate::records::check::{Check, Kind, MAX_ADDRESS};
use crate::records::medical_institution::MedicalInstitutions;
use crate::scope::Scope;

use super::evidence::is_same_institution;
use super::identifier::{ImportedIdentifier, checked};
use super::origin::ImportSource;
use super::put::{Import, Item, put};
use super::{How, Put};

/// An institution that came to be elsewhere. What is not told stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImportedInstitution {
    /// The record's own key.
    pub uuid: Uuid,
    /// The server that the record comes from.
    pub source: ImportSource,
    /// Name: 1 to 200 characters.
    pub name: Option<String>,
    /// Email address: at most 254 characters.
    pub email: Option<String>,
    /// Phone number: 10 to 15 digits, at most 40 characters as written.
    pub phone_number: Option<String>,
    /// Postal address: 1 to 500 characters.
    pub address: Option<String>,
    /// What others know it by.
    pub identifiers: Vec<ImportedIdentifier>,
}

/// Takes over institutions, at most [`MAX_CHUNK`](super::MAX_CHUNK), each with a key of its own.
///
/// # Errors
/// `Forbidden`; as any write. A record that breaks a rule is no error: its result says so.
pub async fn institutions(
    scope: &Scope,
    cluster: &Cluster,
    how: How,
    records: Vec<ImportedInstitution>,
) -> Result<Vec<Put>> {
    let items: Vec<_> = records.into_iter().map(item).collect();
    put::<MedicalInstitutions>(scope, cluster, how, &items).await
}

fn item(record: ImportedInstitution) -> Item<MedicalInstitutions> {
    let mut check = Check::new([] as [&str; 0]);
    let told = |text: Option<String>| text.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value);
    let row = ActiveModel {
        uuid: Set(record.uuid),
        name: check.required("name", Kind::Name(200), &Some(record.name).into()),
        email: check.optional("email", Kind::Email, &told(record.email)),
        phone_number: check.optional("phoneNumber", Kind::Phone, &told(record.phone_number)),
        address: check.optional("address", Kind::Plain(MAX_ADDRESS), &told(record.address)),
        ..ActiveModel::default()
    };
    let identifiers = checked(record.identifiers, &mut check);
    Item { identifiers, ..Item::new(record.uuid, row, check.into_faults()) }.of_source(record.source)
}

impl Import for MedicalInstitutions {
    const OWNER: identifier::Column = identifier::Column::MedicalInstitutionId;

    fn is_evident(present: &Model, told: &ActiveModel) -> bool {
        is_same_institution(present, told)
    }

    fn fill(row: &mut ActiveModel) {
        for column in [&mut row.email, &mut row.phone_number, &mut row.phone_number_folded, &mut row.address] {
            if *column == NotSet {
                *column = Set(None);
            }
        }
        for column in [&mut row.institution_type_id, &mut row.country_id, &mut row.region_id] {
            if *column == NotSet {
                *column = Set(None);
            }
        }
    }
}
