//! Catalogues as clients see them: one declaration each, of [`catalogue!`](declare).

mod clinical;
mod compatible;
mod contacts;
mod declare;
mod directory;
mod people;
mod places;

use async_graphql::MergedObject;

pub(super) use clinical::{MedicalCondition, Medication};
pub(super) use contacts::{EmailType, PhoneType};
pub(super) use directory::{InstitutionType, SpecialtyCategory};
pub(super) use people::{BloodType, Gender, Sex};
pub(super) use places::{Country, Region};

/// What can be asked of catalogues.
#[derive(MergedObject, Default)]
pub(super) struct CatalogueQuery(
    places::CountryQuery,
    places::RegionQuery,
    directory::InstitutionTypeQuery,
    directory::SpecialtyCategoryQuery,
    people::SexQuery,
    people::GenderQuery,
    people::BloodTypeQuery,
    contacts::EmailTypeQuery,
    contacts::PhoneTypeQuery,
    clinical::MedicalConditionQuery,
    clinical::MedicationQuery,
);

/// What can be changed in catalogues.
#[derive(MergedObject, Default)]
pub(super) struct CatalogueMutation(
    places::CountryMutation,
    places::RegionMutation,
    directory::InstitutionTypeMutation,
    directory::SpecialtyCategoryMutation,
    people::SexMutation,
    people::GenderMutation,
    people::BloodTypeMutation,
    contacts::EmailTypeMutation,
    contacts::PhoneTypeMutation,
    clinical::MedicalConditionMutation,
    clinical::MedicationMutation,
);
