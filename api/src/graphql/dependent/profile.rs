use crate::date::Date;
use crate::graphql::catalogue::{BloodType, Gender, Sex};
use crate::records::dependent::{
    AddHealthProfileInput, Habit, HealthProfileFilter, HealthProfileOrder, RemoveHealthProfileInput,
    UpdateHealthProfileInput,
};

use super::declare::dependent;

dependent! {
    /// What is known of a patient's body and habits.
    HealthProfile: HealthProfiles on health_profile {
        fields {
            /// Height in cm; null when unknown.
            height_cm: Option<i32>;
            /// Weight in kg; null when unknown.
            weight_kg: Option<f64>;
            /// Whether the patient smokes; null when unknown.
            smoking: Option<Habit>;
            /// Cigarettes a day, of who smokes; null when unknown.
            cigarettes_per_day: Option<i32>;
            /// When the patient stopped smoking; null of others, and when unknown.
            smoking_end_date: Option<Date>;
            /// Whether the patient drinks alcohol; null when unknown.
            alcohol: Option<Habit>;
            /// Alcohol a week in units of 8 g, of who drinks; null when unknown.
            alcohol_units_per_week: Option<i32>;
        }
        ones {
            /// The sex recorded at birth; null when unknown.
            sex: Sex => SexId;
            /// The patient's own gender; null when unknown.
            gender: Gender => GenderId;
            /// The blood type; null when unknown.
            blood_type: BloodType => BloodTypeId;
        }
    }
    HealthProfileQuery {
        /// The profile with this key; null when there is none, or it was removed.
        health_profile;
        /// Patients' profiles, the oldest first unless another order is asked for.
        health_profiles: HealthProfileFilter, HealthProfileOrder;
    }
    HealthProfileMutation {
        /// Adds the profile to a patient.
        add_health_profile: AddHealthProfileInput => AddHealthProfilePayload;
        /// Changes the profile of a patient. What is left out stays as it is.
        update_health_profile: UpdateHealthProfileInput => UpdateHealthProfilePayload;
        /// Removes the profile of a patient. It stays as a tombstone that no read shows.
        remove_health_profile: RemoveHealthProfileInput => RemoveHealthProfilePayload;
    }
}
