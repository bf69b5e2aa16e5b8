use chrono::{DateTime, Utc};

use crate::graphql::catalogue::{EmailType, PhoneType};
use crate::records::dependent::{
    AddEmailInput, AddPhoneInput, EmailFilter, EmailOrder, PhoneFilter, PhoneOrder, RemoveEmailInput, RemovePhoneInput,
    UpdateEmailInput, UpdatePhoneInput,
};

use super::declare::dependent;

dependent! {
    /// An email address of a patient.
    Email: Emails on email {
        fields {
            /// Email address.
            address: &str;
            /// Whether it is the one to use.
            is_primary: bool;
            /// When it was found to be the patient's; null when it was not.
            verified_at: Option<DateTime<Utc>>;
        }
        ones {
            /// What it is for; null when unknown.
            email_type: EmailType => EmailTypeId;
        }
    }
    EmailQuery {
        /// The email address with this key; null when there is none, or it was removed.
        email;
        /// Patients' email addresses, the oldest first unless another order is asked for.
        emails: EmailFilter, EmailOrder;
    }
    EmailMutation {
        /// Adds an email address to a patient.
        add_email: AddEmailInput => AddEmailPayload;
        /// Changes an email address of a patient. What is left out stays as it is.
        update_email: UpdateEmailInput => UpdateEmailPayload;
        /// Removes an email address of a patient. It stays as a tombstone that no read shows.
        remove_email: RemoveEmailInput => RemoveEmailPayload;
    }
}

dependent! {
    /// A phone number of a patient.
    Phone: Phones on phone {
        fields {
            /// Phone number as written.
            number: &str;
            /// Country code as dialled from abroad, such as `+1`; null when unknown.
            country_code: Option<&str>;
            /// Area code; null when unknown.
            area_code: Option<&str>;
            /// Whether it is the one to use.
            is_primary: bool;
            /// When it was found to be the patient's; null when it was not.
            verified_at: Option<DateTime<Utc>>;
        }
        derived {
            /// Phone number in international form (ITU-T E.164), such as `+442079460000`; null where no numbering plan has it.
            number_e164: Option<&str> = crate::phone_number::e164 => number_folded, NumberFolded;
        }
        ones {
            /// What it is for; null when unknown.
            phone_type: PhoneType => PhoneTypeId;
        }
    }
    PhoneQuery {
        /// The phone number with this key; null when there is none, or it was removed.
        phone;
        /// Patients' phone numbers, the oldest first unless another order is asked for.
        phones: PhoneFilter, PhoneOrder;
    }
    PhoneMutation {
        /// Adds a phone number to a patient.
        add_phone: AddPhoneInput => AddPhonePayload;
        /// Changes a phone number of a patient. What is left out stays as it is.
        update_phone: UpdatePhoneInput => UpdatePhonePayload;
        /// Removes a phone number of a patient. It stays as a tombstone that no read shows.
        remove_phone: RemovePhoneInput => RemovePhonePayload;
    }
}
