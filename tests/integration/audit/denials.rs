//! What was refused is on record, by the names of the fields and nothing else.

use std::sync::Arc;

use phr::clock::SystemClock;
use phr::scope::{Permission, Permissions, Scope};
use serde_json::json;
use support::{Backend, Database, Phr};
use uuid::Uuid;

use super::{entries, patients, values};
use crate::library::{Library, codes, operator};
use crate::patients::register;

#[test]
fn a_refusal_names_the_field_and_not_what_the_client_calls_it() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Arc::new(Database::new(backend));
        for _ in 0..3 {
            register(&Phr::serve(Arc::clone(&database), &[], &[]), &json!({}));
        }
        let library = Library::witnessed(&database, Arc::new(SystemClock));
        let clerk = Scope { permissions: Permissions::ALL.without(Permission::ReadClinical), ..operator() };
        let query = "{ secret: patientRegisters { edges { ...E } } } fragment E on PatientRegisterEdge {
            node { firstName hidden: allergies } }";
        let response = library.ask(clerk.clone(), query, &json!({}));
        assert_eq!(codes(&response), ["FORBIDDEN"; 3], "{response}");
        let nobody = Scope::nobody(Uuid::new_v4());
        let response = library.ask(
            nobody.clone(),
            "mutation { x: deletePatientRegister(input:
            {uuid: \"6c1f7d1e-0000-4000-8000-00000000dead\"}) { userErrors { code } } }",
            &json!({}),
        );
        assert_eq!(codes(&response), ["UNAUTHENTICATED"], "{response}");
        library.rest();
        let of = |scope: &Scope| {
            let request = database.key(&scope.request.to_string());
            entries(&database, &format!("request_id = {request} AND outcome = 'DENIED'"))
        };
        let denied = of(&clerk);
        assert_eq!(values(&denied, "fields"), ["patientRegisters.edges.node.allergies"]);
        assert_eq!((values(&denied, "action"), values(&denied, "resource")), (vec!["READ"], vec!["Query"]));
        let denied = of(&nobody);
        assert_eq!(denied.len(), 1, "what nobody asks for is refused before it is known to make sense");
        assert_eq!((values(&denied, "action"), values(&denied, "resource")), (vec!["EXECUTE"], vec!["Mutation"]));
        assert_eq!((values(&denied, "role"), values(&denied, "institution_id")), (vec![""], vec![""]));
        let read = format!("outcome = 'SUCCEEDED' AND request_id = {}", database.key(&clerk.request.to_string()));
        assert_eq!(patients(&entries(&database, &read)).len(), 3, "what was shown is on record all the same");
    }
}
