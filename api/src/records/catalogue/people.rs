//! What people are.

use entity::blood_type_compatibility::Column;

use crate::records::Link;
use crate::records::check::Kind;

use super::declare::catalogue;

catalogue! {
    /// Sexes for administration, such as the one recorded at birth.
    Sexes: SexFilter, SexOrder, SexOrderField on sex,
        "Sex" of CreateSexInput, UpdateSexInput {
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
    /// Genders that people identify with.
    Genders: GenderFilter, GenderOrder, GenderOrderField on gender,
        "Gender" of CreateGenderInput, UpdateGenderInput {
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
    /// Blood types: ABO with the rhesus factor.
    BloodTypes: BloodTypeFilter, BloodTypeOrder, BloodTypeOrderField on blood_type,
        "BloodType" of CreateBloodTypeInput, UpdateBloodTypeInput {
        keys {
            /// Code: 1 to 20 characters of printable ASCII without spaces; no two entries have the same.
            code: Kind::Code(20) => Code;
        }
        unique Code;
        /// Name: 1 to 100 characters.
        name: Kind::Plain(100);
    }
}

impl BloodTypes {
    /// The blood types that red cells of a blood type can be given to.
    #[must_use]
    pub fn recipients() -> Link {
        Link::through(Column::DonorId, Column::RecipientId)
    }

    /// The blood types that a blood type can receive red cells from.
    #[must_use]
    pub fn donors() -> Link {
        Link::through(Column::RecipientId, Column::DonorId)
    }
}
