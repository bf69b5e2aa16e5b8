//! Every root field, asked by the local operator, by somebody without any permission, by somebody without a session, and by
//! somebody of another institution. A field without its line here fails.

mod elsewhere;
mod emergency;

use phr::scope::{Permissions, Scope};
use serde_json::{Value, json};
use support::{Backend, Database};
use uuid::Uuid;

use crate::library::{Library, codes, operator};

/// What anybody may ask, without a session.
const PUBLIC: &[&str] = &["health", "login", "refreshSession"];

/// What anybody may ask who has a session, of their own affairs. Without a session of a user's the local operator is told
/// so.
const OWN: &[&str] = &["logout", "changePassword", "enrolSecondFactor", "confirmSecondFactor", "removeSecondFactor"];

/// The global id of the institution that exists from the first migration on.
const NODE: &str = "AQAAAAAAAEAAgAAAAAAAAAE";

/// One request for each root field. In place of KEY it is asked of a record by its key, in place of NODE by its global id.
const FIELDS: &[(&str, &str)] = &[
    ("health", "{ health { status } }"),
    ("migrations", "{ migrations { pending { version } } }"),
    ("node", "{ node(id: \"NODE\") { id } }"),
    ("nodes", "{ nodes(ids: [\"NODE\"]) { id } }"),
    ("patientRegister", "{ patientRegister(uuid: \"KEY\") { uuid } }"),
    ("patientRegisters", "{ patientRegisters { nodes { uuid } } }"),
    ("likelyDuplicates", "{ likelyDuplicates(of: \"KEY\") { score } }"),
    ("medicalInstitution", "{ medicalInstitution(uuid: \"KEY\") { uuid } }"),
    ("medicalInstitutions", "{ medicalInstitutions { nodes { uuid } } }"),
    ("doctor", "{ doctor(uuid: \"KEY\") { uuid } }"),
    ("doctors", "{ doctors { nodes { uuid } } }"),
    ("doctorSpecialty", "{ doctorSpecialty(uuid: \"KEY\") { uuid } }"),
    ("doctorSpecialties", "{ doctorSpecialties { nodes { uuid } } }"),
    ("viewer", "{ viewer { username role permissions { resource action } } }"),
    ("user", "{ user(uuid: \"KEY\") { uuid role { name } } }"),
    ("users", "{ users { nodes { uuid } } }"),
    ("role", "{ role(uuid: \"KEY\") { uuid } }"),
    ("roles", "{ roles { nodes { name permissions { resource } } } }"),
    ("breakGlassGrant", "{ breakGlassGrant(uuid: \"KEY\") { uuid } }"),
    ("breakGlassGrants", "{ breakGlassGrants { nodes { uuid } } }"),
    ("login", "mutation { login(input: {username: \"nobody\"}) { userErrors { code } } }"),
    ("refreshSession", "mutation { refreshSession(input: {refreshToken: \"none\"}) { userErrors { code } } }"),
    ("logout", "mutation { logout { endedSessions } }"),
    ("logoutEverywhere", "mutation { logoutEverywhere(input: {userUuid: \"KEY\"}) { userErrors { code } } }"),
    (
        "changePassword",
        "mutation { changePassword(input: {password: \"a\", newPassword: \"b\"}) { userErrors { code } } }",
    ),
    ("createOneTimeToken", "mutation { createOneTimeToken(input: {userUuid: \"KEY\"}) { userErrors { code } } }"),
    ("enrolSecondFactor", "mutation { enrolSecondFactor { userErrors { code } } }"),
    ("confirmSecondFactor", "mutation { confirmSecondFactor(input: {oneTimeCode: \"1\"}) { userErrors { code } } }"),
    ("removeSecondFactor", "mutation { removeSecondFactor(input: {password: \"a\"}) { userErrors { code } } }"),
    ("resetSecondFactor", "mutation { resetSecondFactor(input: {userUuid: \"KEY\"}) { userErrors { code } } }"),
    (
        "createUser",
        "mutation { createUser(input: {kind: CMS, username: \"u\", roleId: \"KEY\"}) { userErrors { code } } }",
    ),
    ("updateUser", "mutation { updateUser(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
    ("createRole", "mutation { createRole(input: {name: \"R\", permissions: []}) { userErrors { code } } }"),
    ("updateRole", "mutation { updateRole(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
    ("breakGlass", "mutation { breakGlass(input: {patientUuid: \"KEY\", reason: \"r\"}) { userErrors { code } } }"),
    ("reviewBreakGlassGrant", "mutation { reviewBreakGlassGrant(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
    ("auditEvents", "{ auditEvents { nodes { uuid } } }"),
    ("exportPatientRegister", "{ exportPatientRegister(uuid: \"KEY\") }"),
    ("importFhir", "mutation { importFhir(input: {ndjson: \"\"}) { failed } }"),
    ("replicationStatus", "{ replicationStatus { nodes { address standbys { pid } walReceiver { status } } } }"),
    ("patientRegisterChanged", "subscription { patientRegisterChanged { __typename } }"),
    ("changes", "subscription { changes { __typename } }"),
    ("replicationStatusChanged", "subscription { replicationStatusChanged { nodes { address } } }"),
    (
        "resetCircuitBreaker",
        "mutation { resetCircuitBreaker(input: {address: \"nowhere:1\"}) { userErrors { code } } }",
    ),
    ("createPatientRegister", "mutation { createPatientRegister(input: {PATIENT}) { patientRegister { uuid } } }"),
    (
        "createPatientRegisters",
        "mutation { createPatientRegisters(input: {items: [{PATIENT}]}) { patientRegisters { uuid } } }",
    ),
    (
        "registerPatientWithProfile",
        "mutation { registerPatientWithProfile(input: {patient: {PATIENT}}) { userErrors { code } } }",
    ),
    ("updatePatientRegister", "mutation { updatePatientRegister(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
    ("deletePatientRegister", "mutation { deletePatientRegister(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
    ("restorePatientRegister", "mutation { restorePatientRegister(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
    (
        "validatePatientRegister",
        "mutation { validatePatientRegister(input: {uuid: \"KEY\", as: INSTITUTION}) { userErrors { code } } }",
    ),
    (
        "rejectPatientRegister",
        "mutation { rejectPatientRegister(input: {uuid: \"KEY\", reason: \"r\"}) { userErrors { code } } }",
    ),
    ("reopenPatientRegister", "mutation { reopenPatientRegister(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
    ("patientMerge", "{ patientMerge(uuid: \"KEY\") { uuid } }"),
    ("patientMerges", "{ patientMerges { nodes { uuid } } }"),
    (
        "mergePatientRegisters",
        "mutation { mergePatientRegisters(input: {keep: \"KEY\", merge: \"KEY\"}) { userErrors { code } } }",
    ),
    ("undoPatientMerge", "mutation { undoPatientMerge(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
    ("appointment", "{ appointment(uuid: \"KEY\") { uuid } }"),
    ("appointments", "{ appointments { nodes { uuid } } }"),
    (
        "createAppointment",
        "mutation { createAppointment(input: {patientId: \"KEY\", doctorId: \"KEY\",
            startsAt: \"2030-01-01T09:00:00Z\", endsAt: \"2030-01-01T10:00:00Z\"}) { userErrors { code } } }",
    ),
    ("updateAppointment", "mutation { updateAppointment(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
    ("systemSetting", "{ systemSetting(uuid: \"KEY\") { uuid } }"),
    ("systemSettings", "{ systemSettings { nodes { uuid } } }"),
    ("createSystemSetting", "mutation { createSystemSetting(input: {key: \"a\", value: 1}) { userErrors { code } } }"),
    ("updateSystemSetting", "mutation { updateSystemSetting(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
    ("createMedicalInstitution", "mutation { createMedicalInstitution(input: {name: \"N\"}) { userErrors { code } } }"),
    (
        "updateMedicalInstitution",
        "mutation { updateMedicalInstitution(input: {uuid: \"KEY\"}) { userErrors { code } } }",
    ),
    ("createDoctor", "mutation { createDoctor(input: {firstName: \"A\", lastName: \"B\"}) { userErrors { code } } }"),
    ("updateDoctor", "mutation { updateDoctor(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
    ("createDoctorSpecialty", "mutation { createDoctorSpecialty(input: {name: \"N\"}) { userErrors { code } } }"),
    ("updateDoctorSpecialty", "mutation { updateDoctorSpecialty(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
];

/// Each catalogue: the queries for one entry and for all, and an entry to create.
const CATALOGUES: &[(&str, &str, &str)] = &[
    ("country", "countries", "alpha2: \"XX\", alpha3: \"XXX\", numericCode: \"999\""),
    ("region", "regions", "countryId: \"KEY\", code: \"XX-X\""),
    ("institutionType", "institutionTypes", "code: \"c\""),
    ("specialtyCategory", "specialtyCategories", "code: \"c\""),
    ("sex", "sexes", "code: \"c\""),
    ("gender", "genders", "code: \"c\""),
    ("bloodType", "bloodTypes", "code: \"c\""),
    ("emailType", "emailTypes", "code: \"c\""),
    ("phoneType", "phoneTypes", "code: \"c\""),
    ("medicalCondition", "medicalConditions", "system: \"s\", code: \"c\""),
    ("medication", "medications", "system: \"s\", code: \"c\""),
];

/// What belongs to patients: the queries for one record and for all, and a record to add.
const DEPENDENTS: &[(&str, &str, &str)] = &[
    ("healthProfile", "healthProfiles", "heightCm: 170"),
    ("email", "emails", "address: \"a@b.de\""),
    ("phone", "phones", "number: \"555-267-5674\""),
    ("address", "addresses", "street: \"S\""),
    ("identifier", "identifiers", "value: \"1\""),
    ("patientCondition", "patientConditions", "display: \"D\""),
    ("patientMedication", "patientMedications", "display: \"D\""),
    ("patientAllergy", "patientAllergies", "display: \"D\""),
];

/// One request for each root field.
fn requests() -> Vec<(String, String)> {
    let mut requests: Vec<(String, String)> =
        FIELDS.iter().map(|(field, query)| ((*field).to_owned(), (*query).to_owned())).collect();
    for (one, many, entry) in CATALOGUES {
        let noun = format!("{}{}", one[..1].to_uppercase(), &one[1..]);
        let (create, update) = (format!("create{noun}"), format!("update{noun}"));
        requests.push(((*one).to_owned(), format!("{{ {one}(uuid: \"KEY\") {{ uuid }} }}")));
        requests.push(((*many).to_owned(), format!("{{ {many} {{ nodes {{ uuid }} }} }}")));
        let input = format!("{entry}, name: \"N\"");
        requests
            .push((create.clone(), format!("mutation {{ {create}(input: {{{input}}}) {{ userErrors {{ code }} }} }}")));
        requests.push((
            update.clone(),
            format!("mutation {{ {update}(input: {{uuid: \"KEY\"}}) {{ userErrors {{ code }} }} }}"),
        ));
    }
    for (one, many, record) in DEPENDENTS {
        let noun = format!("{}{}", one[..1].to_uppercase(), &one[1..]);
        requests.push(((*one).to_owned(), format!("{{ {one}(uuid: \"KEY\") {{ uuid }} }}")));
        requests.push(((*many).to_owned(), format!("{{ {many} {{ nodes {{ uuid }} }} }}")));
        let inputs =
            [("add", format!("patientId: \"KEY\", {record}")), ("update", KEY.to_owned()), ("remove", KEY.to_owned())];
        for (verb, input) in inputs {
            let field = format!("{verb}{noun}");
            requests.push((
                field.clone(),
                format!("mutation {{ {field}(input: {{{input}}}) {{ userErrors {{ code }} }} }}"),
            ));
        }
    }
    requests
}

const KEY: &str = "uuid: \"KEY\"";

const PATIENT: &str = "firstName: \"A\", lastName: \"B\", dateOfBirth: \"1990-01-01\", email: \"a@b.de\",
    phoneNumber: \"555-267-5674\", address: \"C\", emergencyContact: \"D\"";

fn document(query: &str, key: &str, id: &str) -> String {
    query.replace("PATIENT", PATIENT).replace("KEY", key).replace("NODE", id)
}

fn nobody() -> Scope {
    Scope { permissions: Permissions::NONE, ..operator() }
}

#[test]
fn every_root_field_answers_who_may_ask_and_refuses_who_may_not() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Database::new(backend);
        let library = Library::of(&database);
        let query = "{ __schema { queryType { fields { name } } mutationType { fields { name } } \
            subscriptionType { fields { name } } } }";
        let schema = library.ask(operator(), query, &json!({}));
        let schema = &schema["data"]["__schema"];
        let mut fields: Vec<&str> = Vec::new();
        for root in ["queryType", "mutationType", "subscriptionType"] {
            fields
                .extend(schema[root]["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()));
        }
        let requests = requests();
        for (name, _) in &requests {
            assert!(fields.contains(&name.as_str()), "there is no field {name} any more: remove its line");
        }
        for field in fields {
            let line = requests.iter().find(|(name, _)| name == field);
            let (_, query) = line.unwrap_or_else(|| panic!("the field {field} has no line in coverage.rs"));
            let query = document(query, crate::patients::NOBODY, NODE);
            let changes = "SELECT count(*) FROM change_log";
            let before = database.sql().value(changes);
            let unknown = library.ask(Scope::nobody(Uuid::new_v4()), &query, &json!({}));
            let expected = if ["health", "login"].contains(&field) { vec![] } else { vec!["UNAUTHENTICATED"] };
            assert_eq!(codes(&unknown), expected, "{field}: {unknown}");
            let refused = library.ask(nobody(), &query, &json!({}));
            if PUBLIC.contains(&field) || OWN.contains(&field) || field == "viewer" {
                assert!(!codes(&refused).contains(&"FORBIDDEN"), "{field}: {refused}");
            } else {
                assert_eq!(codes(&refused), ["FORBIDDEN"], "{field}: {refused}");
                let shown = refused["data"].as_object().and_then(|data| data.get(field));
                assert!(shown.is_none_or(Value::is_null), "{field}: {refused}");
            }
            assert_eq!(database.sql().value(changes), before, "{field}");
            let answered = library.ask(operator(), &query, &json!({}));
            let expected = match field {
                "refreshSession" => vec!["UNAUTHENTICATED"],
                "breakGlass" => vec!["BAD_REQUEST"],
                field if OWN.contains(&field) => vec!["BAD_REQUEST"],
                _ => vec![],
            };
            assert_eq!(codes(&answered), expected, "{field}: {answered}");
        }
        let typename = library.ask(nobody(), "{ __typename }", &json!({}));
        assert_eq!(typename["data"]["__typename"], "Query");
    }
}
