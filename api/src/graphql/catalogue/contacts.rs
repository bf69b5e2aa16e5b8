use crate::records::catalogue::{
    CreateEmailTypeInput, CreatePhoneTypeInput, EmailTypeFilter, EmailTypeOrder, PhoneTypeFilter, PhoneTypeOrder,
    UpdateEmailTypeInput, UpdatePhoneTypeInput,
};

use super::declare::catalogue;

catalogue! {
    /// What an email address is for.
    EmailType: EmailTypes on email_type {
        texts {
            /// Code; no two entries have the same.
            code;
        }
    }
    EmailTypeQuery {
        /// The email type with this key; null when there is none.
        email_type;
        /// Email types, inactive ones too, by name unless another order is asked for.
        email_types: EmailTypeFilter, EmailTypeOrder;
    }
    EmailTypeMutation {
        /// Creates an email type, in the catalogue of all institutions.
        create_email_type: CreateEmailTypeInput => CreateEmailTypePayload;
        /// Changes an email type, or makes it inactive. What is left out stays as it is.
        update_email_type: UpdateEmailTypeInput => UpdateEmailTypePayload;
    }
}

catalogue! {
    /// What a phone number is for.
    PhoneType: PhoneTypes on phone_type {
        texts {
            /// Code; no two entries have the same.
            code;
        }
    }
    PhoneTypeQuery {
        /// The phone type with this key; null when there is none.
        phone_type;
        /// Phone types, inactive ones too, by name unless another order is asked for.
        phone_types: PhoneTypeFilter, PhoneTypeOrder;
    }
    PhoneTypeMutation {
        /// Creates a phone type, in the catalogue of all institutions.
        create_phone_type: CreatePhoneTypeInput => CreatePhoneTypePayload;
        /// Changes a phone type, or makes it inactive. What is left out stays as it is.
        update_phone_type: UpdatePhoneTypeInput => UpdatePhoneTypePayload;
    }
}
