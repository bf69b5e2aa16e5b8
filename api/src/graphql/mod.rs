//! The GraphQL interface: one file per aggregate, and what they share. It builds no queries and holds no rules; both are
//! in `records`.
#![expect(clippy::unused_async, reason = "async-graphql takes resolvers as async functions, whether they wait or not")]

mod appointment;
mod arguments;
mod audit_event;
mod break_glass;
mod catalogue;
mod change;
mod connection;
mod context;
mod dependent;
mod doctor;
mod doctor_specialty;
mod documents;
mod emergency;
mod empty_objects;
mod engine;
mod errors;
mod executor;
mod export_patient_register;
mod extent;
mod filter_size;
mod id;
mod import_fhir;
mod inputs;
mod introspection_size;
mod json;
mod json_object;
mod json_size;
mod likely_duplicate;
mod limits;
mod loaders;
mod many;
mod medical_institution;
mod node;
mod nulls;
mod object;
mod of_patient;
mod one;
mod operations;
mod ordered;
mod patient_merge;
mod patient_register;
mod patient_validation;
mod payload;
mod positions;
mod prepared;
mod public;
mod queries;
mod question;
mod record;
mod record_change;
mod refresh_cookie;
mod registration;
mod related;
mod replication;
mod request;
mod response_stream;
mod role;
mod scanner;
#[cfg(test)]
mod scanner_fuzz;
mod second_factor;
mod session;
mod shown;
mod system_setting;
mod tellings;
mod text;
mod to_json;
mod trusted;
mod types;
mod unknown_fields;
mod user;
mod variables;
mod weights;
mod witness;

use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions, Schema, SchemaBuilder};

pub use context::{Context, Known};
pub use engine::{Answer, Engine};
pub use errors::refusal;
pub(crate) use errors::without_values;
pub use executor::{Executor, Validated};
pub use json_object::JsonObject;
pub use json_size::check_json;
pub use limits::Limits;
pub use refresh_cookie::{CookieChange, RefreshCookie};
pub use request::{Method, Request};
pub use response_stream::{Begun, Event, ResponseStream};
pub use tellings::Telling;
pub use trusted::Trusted;

/// Everything that can be asked.
#[derive(MergedObject, Default)]
#[graphql(name = "Query")]
pub struct Query(
    node::NodeQuery,
    patient_register::PatientRegisterQuery,
    likely_duplicate::LikelyDuplicateQuery,
    patient_merge::PatientMergeQuery,
    appointment::AppointmentQuery,
    system_setting::SystemSettingQuery,
    medical_institution::MedicalInstitutionQuery,
    doctor::DoctorQuery,
    doctor_specialty::DoctorSpecialtyQuery,
    catalogue::CatalogueQuery,
    dependent::DependentQuery,
    session::SessionQuery,
    user::UserQuery,
    role::RoleQuery,
    break_glass::BreakGlassGrantQuery,
    audit_event::AuditEventQuery,
    operations::OperationsQuery,
    replication::ReplicationQuery,
    export_patient_register::ExportQuery,
);

/// Everything that can be changed.
#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub struct Mutation(
    patient_register::PatientRegisterMutation,
    registration::RegistrationMutation,
    patient_validation::PatientValidationMutation,
    patient_merge::PatientMergeMutation,
    appointment::AppointmentMutation,
    system_setting::SystemSettingMutation,
    medical_institution::MedicalInstitutionMutation,
    doctor::DoctorMutation,
    doctor_specialty::DoctorSpecialtyMutation,
    catalogue::CatalogueMutation,
    dependent::DependentMutation,
    session::SessionMutation,
    second_factor::SecondFactorMutation,
    user::UserMutation,
    role::RoleMutation,
    break_glass::BreakGlassMutation,
    replication::ReplicationMutation,
    import_fhir::ImportFhirMutation,
);

/// Everything that one can be told of as it happens.
#[derive(MergedSubscription, Default)]
#[graphql(name = "Subscription")]
pub struct Subscription(
    change::PatientRegisterSubscription,
    record_change::RecordSubscription,
    replication::ReplicationSubscription,
);

fn roots() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription::default()).register_output_type::<node::Node>()
}

/// The schema as clients read it: the contents of `schema.graphql`.
#[must_use]
pub fn sdl() -> String {
    own(&roots().finish().sdl_with_options(SDLExportOptions::new().include_specified_by()))
}

/// Without the directives that the GraphQL specification itself defines: tools bring their own definitions of them.
fn own(sdl: &str) -> String {
    const STANDARD: [&str; 5] = ["include(", "skip(", "specifiedBy(", "deprecated(", "oneOf"];
    let mut text = String::with_capacity(sdl.len());
    let mut description = String::new();
    let mut describes = false;
    for line in sdl.lines() {
        if line == "\"\"\"" {
            describes = !describes;
        } else if !describes {
            let directive = line.strip_prefix("directive @");
            if !directive.is_some_and(|rest| STANDARD.iter().any(|name| rest.starts_with(name))) {
                text.push_str(&description);
                text.push_str(line);
                text.push('\n');
            }
            description.clear();
            continue;
        }
        description.push_str(line);
        description.push('\n');
    }
    text
}
