use entity::health_profile::{ActiveModel, Column, Habit as Stored};
use sea_orm::ActiveValue;

use crate::criteria::{DateFilter, FloatFilter, IntFilter};
use crate::date::Date;
use crate::error::FaultCode;
use crate::records::Collection;
use crate::records::catalogue::{BloodTypeFilter, GenderFilter, SexFilter};
use crate::records::check::Check;

use super::belonging::Dependent;
use super::choice::{Habit, HabitFilter};
use super::declare::dependent;
use super::rule::{AsTold, Between, Day};

dependent! {
    /// What is known of patients' bodies and habits: a patient has one profile at most.
    HealthProfiles: HealthProfileFilter, HealthProfileOrder, HealthProfileOrderField on health_profile,
        "HealthProfile" of HealthProfileItemInput, AddHealthProfileInput, UpdateHealthProfileInput, RemoveHealthProfileInput
        for ReadClinical {
        optional {
            /// Height: 20 to 300 cm.
            height_cm: i32, Between(20, 300) => HeightCm, IntFilter;
            /// Weight: 0.2 to 700 kg.
            weight_kg: f64, Between(0.2, 700.0) => WeightKg, FloatFilter;
            /// Whether the patient smokes.
            smoking: Habit, AsTold => Smoking, HabitFilter;
            /// Cigarettes a day: 1 to 200, and only of who smokes.
            cigarettes_per_day: i32, Between(1, 200) => CigarettesPerDay, IntFilter;
            /// When the patient stopped smoking: from 1900-01-01 to today, and only of who did.
            smoking_end_date: Date, Day::Past => SmokingEndDate, DateFilter;
            /// Whether the patient drinks alcohol.
            alcohol: Habit, AsTold => Alcohol, HabitFilter;
            /// Alcohol a week: 1 to 500 units of 8 g, and only of who drinks.
            alcohol_units_per_week: i32, Between(1, 500) => AlcoholUnitsPerWeek, IntFilter;
        }
        choices {
            /// Key of the sex recorded at birth.
            sex_id: Sexes => SexId;
            /// The sex recorded at birth.
            sex: SexFilter of sex;
            /// Key of the patient's own gender.
            gender_id: Genders => GenderId;
            /// The patient's own gender.
            gender: GenderFilter of gender;
            /// Key of the blood type.
            blood_type_id: BloodTypes => BloodTypeId;
            /// The blood type.
            blood_type: BloodTypeFilter of blood_type;
        }
        order CreatedAt Asc;
    }
}

impl Dependent for HealthProfiles {
    fn unique() -> &'static [&'static [Column]] {
        &[&[Column::PatientId]]
    }

    fn consistent(whole: &ActiveModel, check: &mut Check) {
        let is_known = |value: &ActiveValue<Option<i32>>| value.try_as_ref().is_some_and(Option::is_some);
        let habit = |value: &ActiveValue<Option<Stored>>| value.try_as_ref().copied().flatten();
        let has_stopped = whole.smoking_end_date.try_as_ref().is_some_and(Option::is_some);
        let (smoking, alcohol) = (habit(&whole.smoking), habit(&whole.alcohol));
        for (field, told, habit, expected, message) in [
            (
                "cigarettesPerDay",
                is_known(&whole.cigarettes_per_day),
                smoking,
                Stored::Current,
                "is of who smokes only",
            ),
            ("smokingEndDate", has_stopped, smoking, Stored::Former, "is of who has stopped smoking only"),
            (
                "alcoholUnitsPerWeek",
                is_known(&whole.alcohol_units_per_week),
                alcohol,
                Stored::Current,
                "is of who drinks only",
            ),
        ] {
            if told && habit != Some(expected) {
                check.fault(&[field], FaultCode::InvalidState, message);
            }
        }
    }
}
