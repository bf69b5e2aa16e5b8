use crate::records::catalogue::{
    BloodTypeFilter, BloodTypeOrder, CreateBloodTypeInput, CreateGenderInput, CreateSexInput, GenderFilter,
    GenderOrder, SexFilter, SexOrder, UpdateBloodTypeInput, UpdateGenderInput, UpdateSexInput, Way,
};

use super::compatible::Compatible;
use super::declare::catalogue;

catalogue! {
    /// A sex for administration, such as the one recorded at birth.
    Sex: Sexes on sex {
        texts {
            /// Code; no two entries have the same.
            code;
        }
    }
    SexQuery {
        /// The sex with this key; null when there is none.
        sex;
        /// Sexes, inactive ones too, by name unless another order is asked for.
        sexes: SexFilter, SexOrder;
    }
    SexMutation {
        /// Creates a sex, in the catalogue of all institutions.
        create_sex: CreateSexInput => CreateSexPayload;
        /// Changes a sex, or makes it inactive. What is left out stays as it is.
        update_sex: UpdateSexInput => UpdateSexPayload;
    }
}

catalogue! {
    /// A gender that people identify with.
    Gender: Genders on gender {
        texts {
            /// Code; no two entries have the same.
            code;
        }
    }
    GenderQuery {
        /// The gender with this key; null when there is none.
        gender;
        /// Genders, inactive ones too, by name unless another order is asked for.
        genders: GenderFilter, GenderOrder;
    }
    GenderMutation {
        /// Creates a gender, in the catalogue of all institutions.
        create_gender: CreateGenderInput => CreateGenderPayload;
        /// Changes a gender, or makes it inactive. What is left out stays as it is.
        update_gender: UpdateGenderInput => UpdateGenderPayload;
    }
}

catalogue! {
    /// A blood type: ABO with the rhesus factor.
    BloodType: BloodTypes on blood_type {
        texts {
            /// Code, such as `AB-`; no two entries have the same.
            code;
        }
        many &[
            &Compatible { name: "canGiveTo", description: "The blood types that red cells of this one can be given to.", way: Way::Gives },
            &Compatible {
                name: "canReceiveFrom",
                description: "The blood types whose red cells this one can receive.",
                way: Way::Receives,
            },
        ];
    }
    BloodTypeQuery {
        /// The blood type with this key; null when there is none.
        blood_type;
        /// Blood types, inactive ones too, by name unless another order is asked for.
        blood_types: BloodTypeFilter, BloodTypeOrder;
    }
    BloodTypeMutation {
        /// Creates a blood type, in the catalogue of all institutions.
        create_blood_type: CreateBloodTypeInput => CreateBloodTypePayload;
        /// Changes a blood type, or makes it inactive. What is left out stays as it is.
        update_blood_type: UpdateBloodTypeInput => UpdateBloodTypePayload;
    }
}
