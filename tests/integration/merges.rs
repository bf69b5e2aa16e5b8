//! Merging two registers of the same patient, and undoing it.

use phr::records::patient_merge::{MOVED, STAYS};
use phr::scope::{Boundary, InstitutionId, Scope};
use serde_json::{Value, json};
use support::{Backend, Database, Phr, on_both_databases};

use crate::library::{Library, codes, operator};
use crate::patients::{HOME, NOBODY, done, read, register};

on_both_databases! {
    what_belongs_to_a_register_moves_to_the_one_that_is_kept,
    a_merged_register_points_to_the_other_and_is_changed_no_more,
    undoing_gives_back_what_moved_and_is_still_there,
    one_of_each_kind_is_the_first_choice,
    what_both_have_stays_where_it_is,
    a_register_that_others_were_merged_into_is_not_deleted,
    what_cannot_be_merged_is_left_as_it_is,
    what_cannot_be_undone_is_left_as_it_is,
    the_kept_register_is_confirmed_anew,
    who_may_merge,
    the_database_keeps_mergers_sound,
}

const FIELDS: &str = "uuid keptUuid mergedUuid movedRows reason actorUuid undoneAt undoneByUuid";

/// A mutation's payload, whose record is a merger.
fn send(phr: &Phr, mutation: &str, input: &Value) -> Value {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!(
        "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ patientMerge {{ {FIELDS} }} userErrors {{ code path }} }} }}"
    );
    phr.ask(&query, &json!({ "input": input }))[mutation].take()
}

fn merge(phr: &Phr, keep: &str, merge: &str) -> Value {
    let mut payload = send(phr, "mergePatientRegisters", &json!({"keep": keep, "merge": merge}));
    assert_eq!(payload["userErrors"], json!([]));
    payload["patientMerge"].take()
}

fn undo(phr: &Phr, patient_merge: &Value) -> Value {
    let mut payload = send(phr, "undoPatientMerge", &json!({"uuid": patient_merge["uuid"]}));
    assert_eq!(payload["userErrors"], json!([]));
    payload["patientMerge"].take()
}

/// What is wrong with an input: codes and the fields they are about.
fn wrong(phr: &Phr, mutation: &str, input: &Value) -> Vec<String> {
    let payload = send(phr, mutation, input);
    assert_eq!(payload["patientMerge"], Value::Null, "{input}: {payload}");
    let errors = payload["userErrors"].as_array().unwrap();
    errors
        .iter()
        .map(|error| format!("{} {}", error["code"].as_str().unwrap(), error["path"][1].as_str().unwrap()))
        .collect()
}

fn identify(phr: &Phr, patient: &str, value: &str) {
    let (patient, home) = (phr.database.key(patient), phr.database.key(HOME));
    phr.database.sql().run(&format!(
        "INSERT INTO identifiers (patient_id, institution_id, system, value) VALUES ({patient}, {home}, 'urn:mrn', '{value}')"
    ));
}

fn numbers(phr: &Phr, patient: &str) -> Vec<String> {
    let patient = phr.database.key(patient);
    phr.database.sql().column(&format!("SELECT value FROM identifiers WHERE patient_id = {patient} ORDER BY value"))
}

fn listed(phr: &Phr, arguments: &str) -> usize {
    let data = phr.ask(&format!("{{ patientRegisters({arguments}) {{ nodes {{ uuid }} }} }}"), &json!({}));
    data["patientRegisters"]["nodes"].as_array().unwrap().len()
}

fn pointer(phr: &Phr, uuid: &str) -> Value {
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { mergedIntoUuid } }";
    phr.ask(query, &json!({ "uuid": uuid }))["patientRegister"]["mergedIntoUuid"].take()
}

fn what_belongs_to_a_register_moves_to_the_one_that_is_kept(phr: &Phr) {
    let (kept, merged) = (register(phr, &json!({})), register(phr, &json!({})));
    identify(phr, &kept, "1");
    for value in ["1", "2", "3"] {
        identify(phr, &merged, value);
    }
    let patient_merge = merge(phr, &kept, &merged);
    assert_eq!((&patient_merge["keptUuid"], &patient_merge["mergedUuid"]), (&json!(kept), &json!(merged)));
    assert_eq!((&patient_merge["movedRows"], &patient_merge["undoneAt"]), (&json!(2), &Value::Null));
    assert_eq!(numbers(phr, &kept), ["1", "2", "3"]);
    assert_eq!(numbers(phr, &merged), ["1"], "what the kept one has already stays");
    let log = "SELECT count(*) FROM change_log WHERE entity = 'Identifier' AND operation = 'UPDATED'";
    assert_eq!(phr.database.sql().value(log), "2");
    let query = "query($uuid: UUID!) { patientMerge(uuid: $uuid) { id mergedUuid }
        patientMerges(filter: {keptId: {equal: $kept}}) { totalCount nodes { uuid } } }";
    let query = query.replace("$kept", &format!("\"{kept}\""));
    let data = phr.ask(&query, &json!({"uuid": patient_merge["uuid"]}));
    assert_eq!(data["patientMerge"]["mergedUuid"], merged);
    assert_eq!(data["patientMerges"]["nodes"], json!([{"uuid": patient_merge["uuid"]}]));
    let node = phr.ask("query($id: ID!) { node(id: $id) { id } }", &json!({"id": data["patientMerge"]["id"]}));
    assert_eq!(node["node"]["id"], data["patientMerge"]["id"]);
}

fn a_merged_register_points_to_the_other_and_is_changed_no_more(phr: &Phr) {
    let (kept, merged) = (register(phr, &json!({})), register(phr, &json!({})));
    let before = read(phr, &merged);
    merge(phr, &kept, &merged);
    assert_eq!(pointer(phr, &merged), kept);
    assert_eq!(pointer(phr, &kept), Value::Null);
    assert_eq!(read(phr, &merged)["lastName"], before["lastName"], "it stays readable");
    assert_eq!((listed(phr, "first: 10"), listed(phr, "first: 10, deleted: INCLUDED")), (1, 2));
    let data = phr.ask("{ patientRegisters { totalCount } }", &json!({}));
    assert_eq!(data["patientRegisters"]["totalCount"], 1);
    let refused = [("INVALID_STATE".to_owned(), "input.uuid".to_owned())];
    for (mutation, more) in [
        ("updatePatientRegister", json!({"address": "x"})),
        ("deletePatientRegister", json!({})),
        ("rejectPatientRegister", json!({"reason": "x"})),
        ("validatePatientRegister", json!({"as": "INSTITUTION"})),
    ] {
        let input = crate::patients::with(more, &json!({"uuid": merged}));
        assert_eq!(crate::patients::faults(phr, mutation, &input), refused, "{mutation}");
    }
    assert_eq!(read(phr, &merged)["version"], 2);
    let found = phr.ask("query($of: UUID!) { likelyDuplicates(of: $of) { score } }", &json!({ "of": kept }));
    assert_eq!(found["likelyDuplicates"], json!([]), "it was found already");
}

fn undoing_gives_back_what_moved_and_is_still_there(phr: &Phr) {
    let (kept, merged) = (register(phr, &json!({})), register(phr, &json!({})));
    for value in ["1", "2", "3"] {
        identify(phr, &merged, value);
    }
    let patient_merge = merge(phr, &kept, &merged);
    identify(phr, &kept, "4");
    phr.database.sql().run("DELETE FROM identifiers WHERE value = '2'");
    let undone = undo(phr, &patient_merge);
    assert!(undone["undoneAt"].is_string() && undone["undoneByUuid"].is_string(), "{undone}");
    assert_eq!((numbers(phr, &kept), numbers(phr, &merged)), (vec!["4".to_owned()], vec!["1".into(), "3".into()]));
    assert_eq!(pointer(phr, &merged), Value::Null);
    assert_eq!(listed(phr, "first: 10"), 2);
    done(phr, "updatePatientRegister", "uuid", &json!({"uuid": merged, "address": "x"}));
    // And once more, the other way round.
    let again = merge(phr, &merged, &kept);
    assert_eq!(again["movedRows"], 1);
    assert_eq!(numbers(phr, &merged), ["1", "3", "4"]);
    undo(phr, &again);
    assert_eq!(numbers(phr, &kept), ["4"]);
}

/// Each kind of which one is the first choice: its list at the root, the field that tells two apart, and two values.
const CHOICES: [(&str, &str, &str, [&str; 2]); 3] = [
    ("Email", "emails", "address", ["a@b.de", "c@d.de"]),
    ("Phone", "phones", "number", ["555-267-0001", "555-267-0002"]),
    ("Address", "addresses", "street", ["1 Oak Avenue", "2 Oak Avenue"]),
];

fn add(phr: &Phr, kind: &str, patient: &str, field: &str, value: &str, is_primary: bool) -> String {
    let input = json!({"patientId": patient, field: value, "isPrimary": is_primary});
    done(phr, &format!("add{kind}"), "uuid", &input)["uuid"].as_str().unwrap().to_owned()
}

/// What a patient has of a kind, each with whether it is the first choice.
fn choices(phr: &Phr, (list, field): (&str, &str), patient: &str) -> Vec<String> {
    let order = field.to_uppercase();
    let query = format!(
        "query($of: UUID) {{ {list}(filter: {{patientId: {{equal: $of}}}}, order: [{{field: {order}}}]) {{
            nodes {{ {field} isPrimary }} }} }}"
    );
    let data = phr.ask(&query, &json!({ "of": patient }));
    let nodes = data[list]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| format!("{} {}", node[field].as_str().unwrap(), node["isPrimary"])).collect()
}

fn one_of_each_kind_is_the_first_choice(phr: &Phr) {
    for (kind, list, field, [first, second]) in CHOICES {
        let (kept, merged) = (register(phr, &json!({})), register(phr, &json!({})));
        let of = |patient: &str| choices(phr, (list, field), patient);
        let told = |value: &str, is_primary: bool| format!("{value} {is_primary}");
        let own = add(phr, kind, &kept, field, first, true);
        add(phr, kind, &merged, field, second, true);
        let both = merge(phr, &kept, &merged);
        assert_eq!(of(&kept), [told(first, true), told(second, false)], "that of the kept register stays so");
        undo(phr, &both);
        assert_eq!((of(&kept), of(&merged)), (vec![told(first, true)], vec![told(second, true)]), "{kind}");
        // Where the kept register has none, the other's is it; what was removed counts for nothing.
        done(phr, &format!("remove{kind}"), "uuid", &json!({ "uuid": own }));
        let again = merge(phr, &kept, &merged);
        assert_eq!(of(&kept), [told(second, true)], "{kind}");
        undo(phr, &again);
        assert_eq!((of(&kept), of(&merged)), (vec![], vec![told(second, true)]), "{kind}");
    }
}

fn what_both_have_stays_where_it_is(phr: &Phr) {
    for (kind, list, field, [first, second]) in CHOICES {
        let (kept, merged) = (register(phr, &json!({})), register(phr, &json!({})));
        add(phr, kind, &kept, field, first, false);
        add(phr, kind, &merged, field, first, false);
        add(phr, kind, &merged, field, second, false);
        let patient_merge = merge(phr, &kept, &merged);
        // Of addresses no two are compared.
        let moved = if kind == "Address" { 2 } else { 1 };
        assert_eq!(patient_merge["movedRows"], moved, "{kind}");
        assert_eq!(choices(phr, (list, field), &kept).len(), moved + 1, "{kind}");
        undo(phr, &patient_merge);
        assert_eq!(choices(phr, (list, field), &kept), [format!("{first} false")]);
        assert_eq!(choices(phr, (list, field), &merged).len(), 2, "{kind}");
    }
    let (kept, merged) = (register(phr, &json!({})), register(phr, &json!({})));
    for (patient, height) in [(&kept, 170), (&merged, 180)] {
        done(phr, "addHealthProfile", "uuid", &json!({"patientId": patient, "heightCm": height}));
    }
    assert_eq!(merge(phr, &kept, &merged)["movedRows"], 0, "a patient has one profile");
}

/// Deleted, it would hide theirs too.
fn a_register_that_others_were_merged_into_is_not_deleted(phr: &Phr) {
    let (kept, merged) = (register(phr, &json!({})), register(phr, &json!({})));
    let patient_merge = merge(phr, &kept, &merged);
    let target = json!({ "uuid": kept });
    let expected = [crate::patients::fault("STILL_REFERENCED", "input.uuid")];
    assert_eq!(crate::patients::faults(phr, "deletePatientRegister", &target), expected);
    let by_hand =
        format!("UPDATE patientregister SET deleted_at = created_at WHERE uuid = {}", phr.database.key(&kept));
    assert!(phr.database.sql().attempt(&by_hand).is_err(), "the database keeps it too");
    undo(phr, &patient_merge);
    done(phr, "deletePatientRegister", "uuid", &target);
}

fn what_cannot_be_merged_is_left_as_it_is(phr: &Phr) {
    let elsewhere = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Other"}));
    let (kept, merged, third) = (register(phr, &json!({})), register(phr, &json!({})), register(phr, &json!({})));
    let stranger = register(phr, &json!({"institutionId": elsewhere["uuid"]}));
    let gone = register(phr, &json!({}));
    done(phr, "deletePatientRegister", "uuid", &json!({ "uuid": gone }));
    merge(phr, &third, &merged);
    let before = "SELECT max(sequence) FROM change_log";
    let sequence = phr.database.sql().value(before);
    for (keep, merge, more, expected) in [
        (&kept, &kept, json!({}), vec!["INVALID_STATE merge"]),
        (&kept, &stranger, json!({}), vec!["INVALID_STATE merge"]),
        (&kept, &merged, json!({}), vec!["INVALID_STATE merge"]),
        (&merged, &kept, json!({}), vec!["INVALID_STATE keep"]),
        (&merged, &third, json!({}), vec!["INVALID_STATE keep"]),
        (&kept, &gone, json!({}), vec!["NOT_FOUND merge"]),
        (&gone, &NOBODY.to_owned(), json!({}), vec!["NOT_FOUND keep", "NOT_FOUND merge"]),
        (
            &kept,
            &third,
            json!({"expectedKeepVersion": 9, "expectedMergeVersion": 9}),
            vec!["VERSION_CONFLICT expectedKeepVersion", "VERSION_CONFLICT expectedMergeVersion"],
        ),
        (&kept, &third, json!({"reason": "x".repeat(501)}), vec!["TOO_LONG reason"]),
    ] {
        let input = crate::patients::with(json!({"keep": keep, "merge": merge}), &more);
        assert_eq!(wrong(phr, "mergePatientRegisters", &input), expected, "{input}");
    }
    assert_eq!(phr.database.sql().value(before), sequence, "nothing half written");
    let fits =
        json!({"keep": kept, "merge": third, "expectedKeepVersion": 1, "expectedMergeVersion": 1, "reason": "twice"});
    let payload = send(phr, "mergePatientRegisters", &fits);
    assert_eq!(payload["patientMerge"]["reason"], "twice", "{payload}");
}

fn what_cannot_be_undone_is_left_as_it_is(phr: &Phr) {
    let (kept, merged, third) = (register(phr, &json!({})), register(phr, &json!({})), register(phr, &json!({})));
    identify(phr, &merged, "1");
    let first = merge(phr, &kept, &merged);
    let second = merge(phr, &third, &kept);
    let undoing = |patient_merge: &Value| wrong(phr, "undoPatientMerge", &json!({"uuid": patient_merge["uuid"]}));
    assert_eq!(undoing(&first), ["INVALID_STATE uuid"], "in the order in which they were made");
    assert_eq!(undoing(&json!({"uuid": NOBODY})), ["NOT_FOUND uuid"]);
    undo(phr, &second);
    assert_eq!(numbers(phr, &kept), ["1"]);
    undo(phr, &first);
    assert_eq!(numbers(phr, &merged), ["1"]);
    assert_eq!(undoing(&first), ["INVALID_STATE uuid"], "once");
}

fn the_kept_register_is_confirmed_anew(phr: &Phr) {
    let (kept, merged) = (register(phr, &json!({})), register(phr, &json!({})));
    let confirm = || {
        let input = json!({"uuid": kept, "as": "INSTITUTION"});
        done(phr, "validatePatientRegister", "status", &input);
    };
    confirm();
    let patient_merge = merge(phr, &kept, &merged);
    assert_eq!(read(phr, &kept)["status"], "PENDING");
    confirm();
    undo(phr, &patient_merge);
    assert_eq!(read(phr, &kept)["status"], "PENDING");
}

fn who_may_merge(phr: &Phr) {
    let (kept, merged) = (register(phr, &json!({})), register(phr, &json!({})));
    let library = Library::of(&phr.database);
    let home = Scope { boundary: Boundary::One(InstitutionId(HOME.parse().unwrap())), ..operator() };
    let patient = Scope { patient: kept.parse().ok(), ..home.clone() };
    let elsewhere = Scope { boundary: Boundary::One(InstitutionId(NOBODY.parse().unwrap())), ..home.clone() };
    let reader = Scope { permissions: home.permissions.without(phr::scope::Permission::WritePatients), ..home.clone() };
    let query = "mutation($keep: UUID!, $merge: UUID!) { mergePatientRegisters(input: {keep: $keep, merge: $merge}) {
        patientMerge { uuid } userErrors { code } } }";
    let ask = |scope: &Scope| library.ask(scope.clone(), query, &json!({"keep": kept, "merge": merged}));
    for scope in [&patient, &reader] {
        assert_eq!(codes(&ask(scope)), ["FORBIDDEN"]);
    }
    let unseen = ask(&elsewhere)["data"]["mergePatientRegisters"].take();
    assert_eq!(unseen["userErrors"], json!([{"code": "NOT_FOUND"}, {"code": "NOT_FOUND"}]));
    let patient_merge = ask(&home)["data"]["mergePatientRegisters"]["patientMerge"]["uuid"].take();
    let query = "query($uuid: UUID!) { patientMerge(uuid: $uuid) { uuid } }";
    let seen = |scope: &Scope| {
        library.ask(scope.clone(), query, &json!({ "uuid": patient_merge }))["data"]["patientMerge"].is_object()
    };
    let other = Scope { patient: NOBODY.parse().ok(), ..home.clone() };
    let of_merged = Scope { patient: merged.parse().ok(), ..home.clone() };
    assert_eq!([&home, &patient, &of_merged, &elsewhere, &other].map(seen), [true, true, true, false, false]);
}

fn the_database_keeps_mergers_sound(phr: &Phr) {
    let elsewhere = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Other"}));
    let (kept, merged) = (register(phr, &json!({})), register(phr, &json!({})));
    let stranger = register(phr, &json!({"institutionId": elsewhere["uuid"]}));
    merge(phr, &kept, &merged);
    let mut sql = phr.database.sql();
    for (from, into) in [(&kept, &kept), (&kept, &merged), (&kept, &stranger), (&stranger, &kept)] {
        let (from, into) = (phr.database.key(from), phr.database.key(into));
        let update = format!("UPDATE patientregister SET merged_into = {into} WHERE uuid = {from}");
        assert!(sql.attempt(&update).is_err(), "{update}");
    }
    sql.run(&format!("UPDATE patientregister SET merged_into = NULL WHERE uuid = {}", phr.database.key(&merged)));
    let entry = "SELECT changed_fields FROM change_log ORDER BY sequence DESC LIMIT 1";
    assert!(sql.value(entry).contains("merged_into"));
}

#[test]
fn every_table_that_refers_to_registers_says_what_a_merger_does_with_it() {
    let database = Database::new(Backend::Postgres);
    let found = database.sql().column(
        "SELECT conrelid::regclass || '.' || attname FROM pg_constraint
           JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
          WHERE contype = 'f' AND confrelid = 'patientregister'::regclass AND attname <> 'institution_id' ORDER BY 1",
    );
    let mut declared: Vec<String> = MOVED.iter().map(|one| format!("{}.{}", one.table, one.column)).collect();
    declared.extend(STAYS.iter().map(|(table, column)| format!("{table}.{column}")));
    declared.sort_unstable();
    assert_eq!(found, declared, "a table of patients has its line in records/patient_merge/dependents.rs");
}
