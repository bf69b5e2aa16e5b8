//! The GraphQL interface: one file per aggregate, and what they share. It builds no queries and holds no rules; both are
//! in `records`.
#![expect(clippy::unused_async, reason = "async-graphql takes resolvers as async functions, whether they wait or not")]

mod connection;
mod context;
mod doctor;
mod doctor_specialty;
mod documents;
mod engine;
mod errors;
mod id;
mod inputs;
mod limits;
mod loaders;
mod medical_institution;
mod node;
mod operations;
mod patient_register;
mod payload;
mod record;

use async_graphql::{EmptySubscription, MergedObject, SDLExportOptions, Schema, SchemaBuilder};

pub use context::{Context, Known};
pub use engine::{Answer, Engine, Method, Request};
pub use errors::refusal;
pub use limits::Limits;

/// Everything that can be asked.
#[derive(MergedObject, Default)]
#[graphql(name = "Query")]
pub struct Query(
    node::NodeQuery,
    patient_register::PatientRegisterQuery,
    medical_institution::MedicalInstitutionQuery,
    doctor::DoctorQuery,
    doctor_specialty::DoctorSpecialtyQuery,
    operations::OperationsQuery,
);

/// Everything that can be changed.
#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub struct Mutation(
    patient_register::PatientRegisterMutation,
    medical_institution::MedicalInstitutionMutation,
    doctor::DoctorMutation,
    doctor_specialty::DoctorSpecialtyMutation,
);

type Roots = Schema<Query, Mutation, EmptySubscription>;

fn roots() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription).register_output_type::<node::Node>()
}

/// The schema as clients read it: the contents of `schema.graphql`.
#[must_use]
pub fn sdl() -> String {
    roots().finish().sdl_with_options(SDLExportOptions::new().include_specified_by())
}
