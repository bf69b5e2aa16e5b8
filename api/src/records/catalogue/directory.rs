//! What the directory of institutions and doctors is ordered by.

use crate::records::Collection;
use crate::records::check::Kind;

use super::declare::catalogue;

catalogue! {
    /// Institution types: what kinds of institutions there are.
    InstitutionTypes: InstitutionTypeFilter, InstitutionTypeOrder, InstitutionTypeOrderField on institution_type,
        "InstitutionType" of CreateInstitutionTypeInput, UpdateInstitutionTypeInput {
        keys {
            /// Code: 1 to 20 characters of printable ASCII without spaces; no two entries have the same.
            code: Kind::Code(20) => Code;
        }
        unique Code;
        /// Name: 1 to 100 characters.
        name: Kind::Plain(100);
    }
}

catalogue! {
    /// Specialty categories: what specialties belong to.
    SpecialtyCategories: SpecialtyCategoryFilter, SpecialtyCategoryOrder, SpecialtyCategoryOrderField on specialty_category,
        "SpecialtyCategory" of CreateSpecialtyCategoryInput, UpdateSpecialtyCategoryInput {
        parent {
            /// The key of the category that this one is part of.
            parent_id;
            /// The category that this one is part of.
            parent;
        }
        keys {
            /// Code: 1 to 20 characters of printable ASCII without spaces; no two entries have the same.
            code: Kind::Code(20) => Code;
        }
        unique Code;
        /// Name: 1 to 100 characters.
        name: Kind::Plain(100);
    }
}
