//! What made-up records choose from the catalogues, and entries that the catalogues do not have from the start.

use entity::{blood_type, country, email_type, gender, institution_type, phone_type, region, sex, specialty_category};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Reader};
use crate::error::{Error, Result};
use crate::records::catalogue::{
    CreateMedicalConditionInput, CreateMedicationInput, CreateSpecialtyCategoryInput, MedicalConditions, Medications,
    SpecialtyCategories,
};
use crate::scope::Scope;

use super::health::{ALLERGIES, CONDITIONS, MEDICATIONS, Medication};
use super::{key, nth};

const SNOMED: &str = "http://snomed.info/sct";
const RXNORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";

/// The keys of what is chosen.
pub(super) struct Choices {
    country: Uuid,
    region: Uuid,
    institution_types: Vec<Uuid>,
    specialists: Uuid,
    sexes: Vec<Uuid>,
    genders: Vec<Uuid>,
    blood_types: Vec<Uuid>,
    email_types: Vec<Uuid>,
    phone_types: Vec<Uuid>,
}

/// The keys of entries with these codes, in that order.
macro_rules! keys {
    ($reader:expr, $catalogue:ident $code:ident, $codes:expr) => {{
        let query = $catalogue::Entity::find().select_only();
        let query = query.columns([$catalogue::Column::$code, $catalogue::Column::Uuid]);
        let of_codes = query.filter($catalogue::Column::$code.is_in($codes));
        in_order(&of_codes.into_tuple().all($reader).await?, &$codes)?
    }};
}

fn in_order(found: &[(String, Uuid)], codes: &[&str]) -> Result<Vec<Uuid>> {
    let key = |code: &&str| found.iter().find(|(known, _)| known == code).map(|(_, key)| *key);
    codes.iter().map(|code| key(code).ok_or_else(|| Error::internal("a catalogue has lost an entry"))).collect()
}

impl Choices {
    /// Finds the entries, which the migrations have made.
    pub(super) async fn find(reader: &Reader) -> Result<Self> {
        Ok(Self {
            country: keys!(reader, country Alpha2, ["US"])[0],
            region: keys!(reader, region Code, ["US-MA"])[0],
            institution_types: keys!(reader, institution_type Code, ["PC", "HOSP", "PROFF", "OF"]),
            specialists: keys!(reader, specialty_category Code, ["2212"])[0],
            sexes: keys!(reader, sex Code, ["female", "male"]),
            genders: keys!(reader, gender Code, ["female", "male", "non-binary"]),
            blood_types: keys!(reader, blood_type Code, ["O+", "A+", "B+", "O-", "AB+", "A-"]),
            email_types: keys!(reader, email_type Code, ["home", "work"]),
            phone_types: keys!(reader, phone_type Code, ["mobile", "work"]),
        })
    }

    pub(super) fn institution_type(&self, number: u32) -> Uuid {
        nth(&self.institution_types, number)
    }

    pub(super) const fn country(&self) -> Uuid {
        self.country
    }

    pub(super) const fn region(&self) -> Uuid {
        self.region
    }

    pub(super) fn sex(&self, number: u32) -> Uuid {
        nth(&self.sexes, number)
    }

    pub(super) fn gender(&self, number: u32) -> Uuid {
        nth(&self.genders, number)
    }

    pub(super) fn blood_type(&self, number: u32) -> Uuid {
        nth(&self.blood_types, number)
    }

    pub(super) fn email_type(&self, number: u32) -> Uuid {
        nth(&self.email_types, number)
    }

    pub(super) fn phone_type(&self, number: u32) -> Uuid {
        nth(&self.phone_types, number)
    }
}

/// The key of a category that [`fill`] makes.
pub(super) fn category(number: u32) -> Uuid {
    key("category", number)
}

/// The key of a condition that [`fill`] names.
pub(super) fn condition(number: u32) -> Uuid {
    key("condition", number)
}

/// The key of an allergy that [`fill`] names, among the conditions.
pub(super) fn allergy(number: u32) -> Uuid {
    key("allergy", number)
}

/// The key of a medication that [`fill`] names.
pub(super) fn medication(number: u32) -> Uuid {
    key("medication", number)
}

/// Divides the specialists, and names some conditions and medications.
pub(super) async fn fill(scope: &Scope, cluster: &Cluster, clock: &dyn Clock, choices: &Choices) -> Result<()> {
    for (number, (code, name)) in (0..).zip(CATEGORIES) {
        let input = CreateSpecialtyCategoryInput {
            uuid: Some(category(number)),
            parent_id: Some(choices.specialists),
            code: (*code).to_owned(),
            name: (*name).to_owned(),
            idempotency_key: None,
        };
        SpecialtyCategories::create(scope, cluster, clock, input).await?;
    }
    let conditions = (0..).zip(CONDITIONS).map(|(number, known)| (condition(number), &known.coded));
    let allergies = (0..).zip(ALLERGIES).map(|(number, known)| (allergy(number), &known.coded));
    for (uuid, coded) in conditions.chain(allergies) {
        let input = CreateMedicalConditionInput {
            uuid: Some(uuid),
            system: SNOMED.to_owned(),
            code: coded.code.to_owned(),
            name: coded.name.to_owned(),
            idempotency_key: None,
        };
        MedicalConditions::create(scope, cluster, clock, input).await?;
    }
    for (number, Medication { coded, .. }) in (0..).zip(MEDICATIONS) {
        let input = CreateMedicationInput {
            uuid: Some(medication(number)),
            system: RXNORM.to_owned(),
            code: coded.code.to_owned(),
            name: coded.name.to_owned(),
            idempotency_key: None,
        };
        Medications::create(scope, cluster, clock, input).await?;
    }
    Ok(())
}

const CATEGORIES: &[(&str, &str)] =
    &[("2212-MED", "Medicine"), ("2212-SURG", "Surgery"), ("2212-CHILD", "Child health")];
