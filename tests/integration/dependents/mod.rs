//! What belongs to a patient: profile, contacts, conditions, medications, allergies, identifiers.

mod rules;

/// The tables, in the order of the migration, but for `identifiers`.
const TABLES: [&str; 7] = [
    "health_profiles",
    "emails",
    "phones",
    "addresses",
    "patient_conditions",
    "patient_medications",
    "patient_allergies",
];
