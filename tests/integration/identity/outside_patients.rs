//! Patients whom an OpenID provider elsewhere knows.

use std::sync::Arc;

use serde_json::json;
use support::{Backend, Database, Provider, eventually};

use super::outside::{ISSUER, serve, token};
use super::{create, institution, is_good};
use crate::patients::{HOME, register};

/// Patients; each of them cost a statement a second once.
const PATIENTS: usize = 20;

#[test]
fn patients_from_elsewhere_see_their_own_records_and_are_looked_up_together() {
    let database = Arc::new(Database::new(Backend::Postgres));
    database.log_statements();
    let provider = Provider::start(database.folder(), None);
    provider.make("EdDSA", "EdDSA", &json!({}));
    let phr = serve(&database, &provider, &[]);
    let elsewhere = institution(&phr, "Elsewhere");
    let patients: Vec<(String, &str)> = (0..PATIENTS)
        .map(|number| {
            let institution = if number % 2 == 0 { HOME } else { elsewhere.as_str() };
            let patient = register(&phr, &json!({ "institutionId": institution }));
            let user = json!({"kind": "PATIENT", "patientId": patient, "externalIssuer": ISSUER,
                "externalSubject": format!("subject {number}")});
            create(&phr, &format!("patient {number}"), "patient", &user);
            (patient, institution)
        })
        .collect();
    let tokens: Vec<String> =
        (0..PATIENTS).map(|number| token(&provider, "EdDSA", &format!("subject {number}"))).collect();
    eventually("the last of them is known", || is_good(&phr, &tokens[PATIENTS - 1]).then_some(()));
    for (token, (patient, institution)) in tokens.iter().zip(&patients) {
        let shown = phr.response_to(
            token,
            "{ patientRegisters { nodes { uuid } } viewer { institution { uuid } } }",
            &json!({}),
        );
        let expected = json!({"patientRegisters": {"nodes": [{"uuid": patient}]}, "viewer": {"institution": {"uuid": institution}}});
        assert_eq!(shown["data"], expected);
    }
    let (_, from) = database.log(0);
    let count = |lines: &[String], what: &str| lines.iter().filter(|line| line.contains(what)).count();
    let lines = eventually("users and roles are looked at a few times", || {
        let (lines, _) = database.log(from);
        (count(&lines, "role_permissions") >= 3).then_some(lines)
    });
    let (looks, registers) = (count(&lines, "role_permissions"), count(&lines, "patientregister"));
    assert!(registers >= 1 && registers <= looks + 1, "{registers} statements in {looks} looks");
}
