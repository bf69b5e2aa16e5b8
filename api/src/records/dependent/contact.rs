use crate::criteria::{BooleanFilter, DateTimeFilter, PhoneNumberFilter, TextFilter};
use crate::records::Collection;
use crate::records::catalogue::{EmailTypeFilter, PhoneTypeFilter};
use crate::records::check::Kind;

use super::belonging::Dependent;
use super::declare::dependent;
use super::rule::Instant;

dependent! {
    /// Patients' email addresses.
    Emails: EmailFilter, EmailOrder, EmailOrderField on email,
        "Email" of EmailItemInput, AddEmailInput, UpdateEmailInput, RemoveEmailInput for ReadPatients {
        required {
            /// Email address: at most 254 characters; no two of a patient's are the same.
            address: String, Kind::Email => Address, TextFilter;
        }
        optional {
            /// When it was found to be the patient's. A changed address is not, until it is told.
            verified_at: chrono::DateTime<chrono::Utc>, Instant => VerifiedAt, DateTimeFilter;
        }
        given {
            /// Whether it is the one to use; of a patient's, one at most.
            is_primary: bool = false => IsPrimary, BooleanFilter;
        }
        choices {
            /// Key of what it is for.
            email_type_id: EmailTypes => EmailTypeId;
            /// What it is for.
            email_type: EmailTypeFilter of email_type;
        }
        verified address;
        order CreatedAt Asc;
    }
}

impl Dependent for Emails {
    fn unique() -> &'static [&'static [entity::email::Column]] {
        use entity::email::Column::{Address, IsPrimary, PatientId};
        &[&[PatientId, Address], &[PatientId, IsPrimary]]
    }
}

dependent! {
    /// Patients' phone numbers.
    Phones: PhoneFilter, PhoneOrder, PhoneOrderField on phone,
        "Phone" of PhoneItemInput, AddPhoneInput, UpdatePhoneInput, RemovePhoneInput for ReadPatients {
        required {
            /// Phone number: 10 to 15 digits, at most 40 characters as written; no two of a patient's are the same, however they
            /// are written.
            number: String, Kind::Phone => Number, PhoneNumberFilter;
        }
        optional {
            /// Country code as dialled from abroad: `+` and one to three digits.
            country_code: String, Kind::CallingCode => CountryCode, TextFilter;
            /// Area code: 1 to 6 digits.
            area_code: String, Kind::DigitsUpTo(6) => AreaCode, TextFilter;
            /// When it was found to be the patient's. A changed number is not, until it is told.
            verified_at: chrono::DateTime<chrono::Utc>, Instant => VerifiedAt, DateTimeFilter;
        }
        given {
            /// Whether it is the one to use; of a patient's, one at most.
            is_primary: bool = false => IsPrimary, BooleanFilter;
        }
        choices {
            /// Key of what it is for.
            phone_type_id: PhoneTypes => PhoneTypeId;
            /// What it is for.
            phone_type: PhoneTypeFilter of phone_type;
        }
        verified number;
        order CreatedAt Asc;
    }
}

impl Dependent for Phones {
    fn unique() -> &'static [&'static [entity::phone::Column]] {
        use entity::phone::Column::{IsPrimary, NumberFolded, PatientId};
        &[&[PatientId, NumberFolded], &[PatientId, IsPrimary]]
    }
}
