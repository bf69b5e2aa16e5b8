//! A list of what belongs to a record is never null where whoever sees the record may see the list.

use serde_json::json;
use support::{Phr, on_both_databases};

use super::schema::{Schema, list, named, text};
use crate::library::codes;
use crate::patients::{HOME, done, register};

on_both_databases! {
    a_list_is_non_null_where_no_permission_hides_it,
}

/// The connections of a type that are non-null, or those that are not.
fn connections(schema: &Schema, kind: &str, non_null: bool) -> Vec<String> {
    let fields = list(&schema.named(kind)["fields"]).iter();
    let lists = fields.filter(|field| named(&field["type"]).ends_with("Connection"));
    let wanted = lists.filter(|field| (field["type"]["kind"] == "NON_NULL") == non_null);
    wanted.map(|field| text(&field["name"]).to_owned()).collect()
}

fn a_list_is_non_null_where_no_permission_hides_it(phr: &Phr) {
    let schema = Schema::of(phr);
    let patient = register(phr, &json!({}));
    done(phr, "addEmail", "uuid", &json!({"patientId": patient, "address": "a@b.example"}));
    let role = |name: &str, resource: &str| {
        let permissions = json!([{"resource": resource, "action": "read"}]);
        done(phr, "createRole", "uuid", &json!({"name": name, "description": name, "permissions": permissions}));
        phr.token_for(&["--role", name, "--institution", HOME])
    };
    let (clerk, guide) = (role("clerk", "PatientRegister"), role("guide", "Directory"));
    let kinds = [
        (&clerk, "PatientRegister", "patientRegisters"),
        (&guide, "MedicalInstitution", "medicalInstitutions"),
        (&guide, "Doctor", "doctors"),
        (&guide, "DoctorSpecialty", "doctorSpecialties"),
        (&guide, "Country", "countries"),
        (&guide, "Region", "regions"),
        (&guide, "InstitutionType", "institutionTypes"),
        (&guide, "SpecialtyCategory", "specialtyCategories"),
    ];
    let mut left: Vec<&str> = schema.types().map(|kind| text(&kind["name"])).collect();
    left.retain(|kind| !["Query"].contains(kind));
    left.retain(|kind| [true, false].iter().any(|non_null| !connections(&schema, kind, *non_null).is_empty()));
    for (token, kind, all) in kinds {
        left.retain(|other| *other != kind);
        for name in connections(&schema, kind, true) {
            let query = format!("{{ {all} {{ nodes {{ {name} {{ nodes {{ uuid }} }} }} }} }}");
            let response = phr.response_to(token, &query, &json!({}));
            assert!(response.get("errors").is_none(), "{query}: {response}");
        }
        for name in connections(&schema, kind, false) {
            let query = format!("{{ {all} {{ nodes {{ {name} {{ nodes {{ uuid }} }} }} }} }}");
            let response = phr.response_to(token, &query, &json!({}));
            let is_hidden = response["data"][all]["nodes"].as_array().is_none_or(Vec::is_empty);
            assert!(is_hidden || codes(&response).contains(&"FORBIDDEN"), "{query}: {response}");
        }
    }
    assert_eq!(left, Vec::<&str>::new(), "types whose lists no line here asks for");
    let expected = ["emails", "phones", "addresses", "identifiers", "validationHistory", "merges", "appointments"];
    assert_eq!(connections(&schema, "PatientRegister", true), expected);
    assert_eq!(connections(&schema, "Doctor", true), Vec::<String>::new());
    assert_eq!(connections(&schema, "MedicalInstitution", true), ["doctors"]);
    let shown = phr.response_to(&clerk, "{ patientRegisters { nodes { emails { totalCount } } } }", &json!({}));
    assert_eq!(shown["data"]["patientRegisters"]["nodes"][0]["emails"]["totalCount"], 1, "{shown}");
}
