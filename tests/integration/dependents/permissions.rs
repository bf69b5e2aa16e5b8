//! Who sees and changes what belongs to patients.

use phr::scope::{Boundary, InstitutionId, Permission, Scope};
use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::{add, kinds};
use crate::library::{Library, codes, operator};
use crate::patients::{done, register, with};

on_both_databases! {
    the_clinical_record_is_hidden_from_who_may_not_see_it,
    what_belongs_to_another_institutions_patient_is_out_of_reach,
    a_patient_sees_the_own_ones_alone,
}

const CLINICAL: [&str; 4] = ["HealthProfile", "PatientCondition", "PatientMedication", "PatientAllergy"];

/// What a mutation answers somebody.
fn try_to(library: &Library, scope: &Scope, mutation: &str, input: &Value) -> Value {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code path }} }} }}");
    library.ask(scope.clone(), &query, &json!({ "input": input }))
}

fn the_clinical_record_is_hidden_from_who_may_not_see_it(phr: &Phr) {
    let patient = register(phr, &json!({}));
    let library = Library::of(&phr.database);
    let staff = Scope { permissions: operator().permissions.without(Permission::ReadClinical), ..operator() };
    for (kind, list, field, what) in kinds() {
        let uuid = add(phr, kind, &patient, "uuid", &what)["uuid"].take();
        let nested = if kind == "HealthProfile" { "{ uuid }" } else { "{ totalCount }" };
        let hidden = CLINICAL.contains(&kind);
        let expected: &[&str] = if hidden { &["FORBIDDEN"] } else { &[] };
        let query = format!("query($uuid: UUID!) {{ patientRegister(uuid: $uuid) {{ firstName {field} {nested} }} }}");
        let answer = library.ask(staff.clone(), &query, &json!({ "uuid": patient }));
        assert_eq!(codes(&answer), expected, "{kind}: {answer}");
        let register = &answer["data"]["patientRegister"];
        assert_eq!((&register["firstName"], register[field].is_null()), (&json!("Jane"), hidden), "{answer}");
        let root = library.ask(staff.clone(), &format!("{{ {list} {{ totalCount }} }}"), &json!({}));
        assert_eq!(codes(&root), expected, "{kind}: {root}");
        for (mutation, input) in [
            (format!("update{kind}"), json!({ "uuid": uuid })),
            (format!("remove{kind}"), json!({ "uuid": uuid })),
            (format!("add{kind}"), with(what.clone(), &json!({ "patientId": patient }))),
        ] {
            assert_eq!(codes(&try_to(&library, &staff, &mutation, &input)), expected, "{mutation}");
        }
        let reader = Scope { permissions: operator().permissions.without(Permission::WritePatients), ..operator() };
        let refused = try_to(&library, &reader, &format!("remove{kind}"), &json!({ "uuid": uuid }));
        assert_eq!(codes(&refused), ["FORBIDDEN"], "{kind}");
    }
}

fn what_belongs_to_another_institutions_patient_is_out_of_reach(phr: &Phr) {
    let other = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Other"}))["uuid"].take();
    let theirs = register(phr, &json!({ "institutionId": other }));
    let own = register(phr, &json!({}));
    let library = Library::of(&phr.database);
    let bound = Scope { boundary: Boundary::One(phr::scope::HOME_INSTITUTION), ..operator() };
    let there =
        Scope { boundary: Boundary::One(InstitutionId(other.as_str().unwrap().parse().unwrap())), ..operator() };
    for (kind, list, _, what) in kinds() {
        let uuid = add(phr, kind, &theirs, "uuid", &what)["uuid"].take();
        let field = format!("add{kind}");
        let refused = try_to(&library, &bound, &field, &with(what.clone(), &json!({ "patientId": theirs })));
        let expected = json!([{"code": "REFERENCE_MISSING", "path": ["input", "patientId"]}]);
        assert_eq!(refused["data"][&field]["userErrors"], expected, "{refused}");
        let made = try_to(&library, &bound, &field, &with(what, &json!({ "patientId": own })));
        assert_eq!(made["data"][&field]["userErrors"], json!([]), "{made}");
        for verb in ["update", "remove"] {
            let field = format!("{verb}{kind}");
            let refused = try_to(&library, &bound, &field, &json!({ "uuid": uuid }));
            assert_eq!(refused["data"][&field]["userErrors"][0]["code"], "NOT_FOUND", "{refused}");
        }
        let query = format!("{{ {list} {{ nodes {{ patientRegister {{ uuid }} }} totalCount }} }}");
        for (scope, patient) in [(&bound, &own), (&there, &theirs)] {
            let found = library.ask(scope.clone(), &query, &json!({}))["data"][list].take();
            assert_eq!(found, json!({"nodes": [{"patientRegister": {"uuid": patient}}], "totalCount": 1}), "{kind}");
        }
    }
}

fn a_patient_sees_the_own_ones_alone(phr: &Phr) {
    let (own, neighbour) = (register(phr, &json!({})), register(phr, &json!({})));
    let library = Library::of(&phr.database);
    let scope =
        Scope { patient: own.parse().ok(), boundary: Boundary::One(phr::scope::HOME_INSTITUTION), ..operator() };
    for (kind, list, _, what) in kinds() {
        let theirs = add(phr, kind, &neighbour, "uuid", &what)["uuid"].take();
        let field = format!("add{kind}");
        let refused = try_to(&library, &scope, &field, &with(what.clone(), &json!({ "patientId": neighbour })));
        assert_eq!(refused["data"][&field]["userErrors"][0]["code"], "REFERENCE_MISSING", "{refused}");
        let made = try_to(&library, &scope, &field, &with(what, &json!({ "patientId": own })));
        assert_eq!(made["data"][&field]["userErrors"], json!([]), "{made}");
        let query = format!(
            "query($uuid: UUID) {{ {list} {{ nodes {{ patientRegister {{ uuid }} }} }}
            theirs: {list}(filter: {{uuid: {{equal: $uuid}}}}) {{ totalCount }} }}"
        );
        let found = library.ask(scope.clone(), &query, &json!({ "uuid": theirs }))["data"].take();
        let expected = json!({list: {"nodes": [{"patientRegister": {"uuid": own}}]}, "theirs": {"totalCount": 0}});
        assert_eq!(found, expected, "{kind}");
        let refused = try_to(&library, &scope, &format!("remove{kind}"), &json!({ "uuid": theirs }));
        assert_eq!(refused["data"][format!("remove{kind}")]["userErrors"][0]["code"], "NOT_FOUND", "{refused}");
    }
}
