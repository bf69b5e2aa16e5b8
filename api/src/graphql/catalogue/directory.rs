use entity::{doctor_specialty, medical_institution, specialty_category};

use crate::graphql::doctor_specialty::DoctorSpecialty;
use crate::graphql::many::ToMany;
use crate::graphql::medical_institution::MedicalInstitution;
use crate::records::catalogue::{
    CreateInstitutionTypeInput, CreateSpecialtyCategoryInput, InstitutionTypeFilter, InstitutionTypeOrder,
    SpecialtyCategoryFilter, SpecialtyCategoryOrder, UpdateInstitutionTypeInput, UpdateSpecialtyCategoryInput,
};

use super::declare::catalogue;

catalogue! {
    /// A kind of institution, such as a hospital.
    InstitutionType: InstitutionTypes on institution_type {
        texts {
            /// Code; no two entries have the same.
            code;
        }
        many &[
            &ToMany::<MedicalInstitution> {
                name: "institutions",
                description: "The institutions of this kind.",
                by: medical_institution::Column::InstitutionTypeId,
            },
        ];
    }
    InstitutionTypeQuery {
        /// The institution type with this key; null when there is none.
        institution_type;
        /// Institution types, inactive ones too, by name unless another order is asked for.
        institution_types: InstitutionTypeFilter, InstitutionTypeOrder;
    }
    InstitutionTypeMutation {
        /// Creates an institution type, in the catalogue of all institutions.
        create_institution_type: CreateInstitutionTypeInput => CreateInstitutionTypePayload;
        /// Changes an institution type, or makes it inactive. What is left out stays as it is.
        update_institution_type: UpdateInstitutionTypeInput => UpdateInstitutionTypePayload;
    }
}

catalogue! {
    /// What specialties belong to; a category can be part of another one.
    SpecialtyCategory: SpecialtyCategories on specialty_category {
        texts {
            /// Code; no two entries have the same.
            code;
        }
        ones {
            /// The category that this one is part of; null for those of the first level.
            parent: SpecialtyCategory => ParentId;
        }
        many &[
            &ToMany::<SpecialtyCategory> {
                name: "children",
                description: "The categories that are part of this one.",
                by: specialty_category::Column::ParentId,
            },
            &ToMany::<DoctorSpecialty> {
                name: "specialties",
                description: "The specialties that belong to the category itself.",
                by: doctor_specialty::Column::CategoryId,
            },
        ];
    }
    SpecialtyCategoryQuery {
        /// The specialty category with this key; null when there is none.
        specialty_category;
        /// Specialty categories, inactive ones too, by name unless another order is asked for.
        specialty_categories: SpecialtyCategoryFilter, SpecialtyCategoryOrder;
    }
    SpecialtyCategoryMutation {
        /// Creates a specialty category, in the catalogue of all institutions.
        create_specialty_category: CreateSpecialtyCategoryInput => CreateSpecialtyCategoryPayload;
        /// Changes a specialty category, or makes it inactive. What is left out stays as it is.
        update_specialty_category: UpdateSpecialtyCategoryInput => UpdateSpecialtyCategoryPayload;
    }
}
