use async_graphql::MaybeUndefined;
use entity::doctor::{ActiveModel, Model};
use entity::identifier;
use sea_orm::ActiveValue::{NotSet, Set};
use uuid::Uuid;

use crate::database::Cluster;
use crate::error::Result;
use crate::records::check::{Check, Kind, MAX_NAME};
use crate::records::doctor::{Doctors, require_name};
use crate::scope::{HOME_INSTITUTION, Scope};

use super::evidence::is_same_doctor;
use super::identifier::{ImportedIdentifier, checked};
use super::origin::ImportSource;
use super::put::{Import, Item, put, unknown};
use super::{How, Put};

/// A doctor who was recorded elsewhere. What is not told stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImportedDoctor {
    /// The record's own key.
    pub uuid: Uuid,
    /// The server that the record comes from.
    pub source: ImportSource,
    /// First name: 1 to 200 characters.
    pub first_name: Option<String>,
    /// Last name: 1 to 200 characters.
    pub last_name: Option<String>,
    /// Email address: at most 254 characters.
    pub email: Option<String>,
    /// Phone number: 10 to 15 digits, at most 40 characters as written.
    pub phone_number: Option<String>,
    /// Key of the institution where the doctor practises; for a new record the home institution, when not told.
    pub institution_id: Option<Uuid>,
    /// What others know the doctor by.
    pub identifiers: Vec<ImportedIdentifier>,
}

/// Takes over doctors, at most [`MAX_CHUNK`](super::MAX_CHUNK), each with a key of its own.
///
/// # Errors
/// `Forbidden`; as any write. A record that breaks a rule is no error: its result says so.
pub async fn doctors(scope: &Scope, cluster: &Cluster, how: How, records: Vec<ImportedDoctor>) -> Result<Vec<Put>> {
    let items: Vec<_> = records.into_iter().map(item).collect();
    put::<Doctors>(scope, cluster, how, &items).await
}

fn item(record: ImportedDoctor) -> Item<Doctors> {
    let mut check = Check::new([] as [&str; 0]);
    let told = |text: Option<String>| text.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value);
    let row = ActiveModel {
        uuid: Set(record.uuid),
        first_name: check.optional("firstName", Kind::Name(MAX_NAME), &told(record.first_name)),
        last_name: check.optional("lastName", Kind::Name(MAX_NAME), &told(record.last_name)),
        email: check.optional("email", Kind::Email, &told(record.email)),
        phone_number: check.optional("phoneNumber", Kind::Phone, &told(record.phone_number)),
        institution_id: record.institution_id.map_or(NotSet, Set),
        ..ActiveModel::default()
    };
    require_name(None, &row, &mut check);
    let identifiers = checked(record.identifiers, &mut check);
    Item { identifiers, ..Item::new(record.uuid, row, check.into_faults()) }.of_source(record.source)
}

impl Import for Doctors {
    const OWNER: identifier::Column = identifier::Column::DoctorId;

    fn is_evident(present: &Model, told: &ActiveModel) -> bool {
        is_same_doctor(present, told)
    }

    fn fill(row: &mut ActiveModel) {
        let texts = [
            &mut row.first_name,
            &mut row.last_name,
            &mut row.email,
            &mut row.phone_number,
            &mut row.phone_number_folded,
            &mut row.license_number,
        ];
        texts.into_iter().for_each(unknown);
        if row.institution_id == NotSet {
            row.institution_id = Set(HOME_INSTITUTION.0);
        }
        row.specialty_id = Set(None);
    }
}
