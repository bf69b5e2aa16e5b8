//! Names in other scripts: written and searched in one form of Unicode, and compared as people read them.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use crate::patients::{register, with};

on_both_databases! {
    texts_are_kept_and_searched_in_nfc,
    a_final_sigma_is_a_sigma,
    likely_duplicates_see_through_strokes_ligatures_and_umlauts,
}

fn last_names(phr: &Phr, filter: &Value) -> Vec<String> {
    let query = "query($filter: PatientRegisterFilter) {
        patientRegisters(filter: $filter, order: [{field: LAST_NAME}]) { nodes { lastName } } }";
    let list = phr.ask(query, &json!({"filter": {"lastName": filter}}))["patientRegisters"]["nodes"].take();
    list.as_array().unwrap().iter().map(|node| node["lastName"].as_str().unwrap().to_owned()).collect()
}

fn texts_are_kept_and_searched_in_nfc(phr: &Phr) {
    register(phr, &json!({"lastName": "Mu\u{308}ller"}));
    register(phr, &json!({"lastName": "Müllner"}));
    for form in ["Müller", "Mu\u{308}ller"] {
        for operator in ["equal", "equalIgnoreCase"] {
            assert_eq!(last_names(phr, &json!({ operator: form })), ["Müller"], "{operator} {form:?}");
        }
        assert_eq!(last_names(phr, &json!({"in": [form]})), ["Müller"]);
    }
    for form in ["Mü", "Mu\u{308}"] {
        for operator in ["startsWith", "startsWithIgnoreCase", "contains", "containsIgnoreCase"] {
            assert_eq!(last_names(phr, &json!({ operator: form })), ["Müller", "Müllner"], "{operator} {form:?}");
        }
    }
}

fn a_final_sigma_is_a_sigma(phr: &Phr) {
    register(phr, &json!({"lastName": "ΚΩΣΤΑΣ"}));
    register(phr, &json!({"lastName": "Κωστας"}));
    let both = ["ΚΩΣΤΑΣ", "Κωστας"];
    for prefix in ["ΚΩΣ", "κωσ", "κως", "Κωσταςς"] {
        let expected: &[&str] = if prefix.len() > 10 { &[] } else { &both };
        assert_eq!(last_names(phr, &json!({"startsWithIgnoreCase": prefix})), expected, "{prefix}");
        assert_eq!(last_names(phr, &json!({"containsIgnoreCase": prefix})), expected, "{prefix}");
    }
    for whole in ["ΚΩΣΤΑΣ", "κωστας", "κωστασ"] {
        assert_eq!(last_names(phr, &json!({"equalIgnoreCase": whole})), both, "{whole}");
    }
    let address = |part: &str| {
        let query =
            "query($part: String!) { patientRegisters(filter: {address: {containsIgnoreCase: $part}}) { totalCount } }";
        phr.ask(query, &json!({ "part": part }))["patientRegisters"]["totalCount"].clone()
    };
    register(phr, &json!({"address": "ΟΔΟΣ ΑΘΗΝΑΣ 1"}));
    assert_eq!((address("οδος"), address("ΑΣ 1")), (json!(1), json!(1)));
}

fn likely_duplicates_see_through_strokes_ligatures_and_umlauts(phr: &Phr) {
    let query = "query($of: UUID!) { likelyDuplicates(of: $of) { reasons patientRegister { uuid } } }";
    for (number, (written, alike)) in [
        (("Łucja", "Dołęga"), ("Lucja", "Dolega")),
        (("Bjørn", "Ås"), ("Bjoern", "Aas")),
        (("Đoko", "Đurđ"), ("Doko", "Durd")),
        (("Uwe", "Groß"), ("UWE", "GROSS")),
        (("Işıl", "Yıldız"), ("ISIL", "YILDIZ")),
        (("Ægir", "Bær"), ("Aegir", "Baer")),
        (("Jürg", "Bühl"), ("Juerg", "Buehl")),
    ]
    .into_iter()
    .enumerate()
    {
        let born = json!({"dateOfBirth": format!("1970-01-{:02}", number + 1), "phoneNumber": format!("555-267-00{number:02}")});
        let named = |(first, last): (&str, &str)| with(born.clone(), &json!({"firstName": first, "lastName": last}));
        let first = register(phr, &with(named(written), &json!({"email": "a@mail.example"})));
        let other = json!({"email": "b@mail.example", "phoneNumber": "555-267-9999"});
        let second = register(phr, &with(named(alike), &other));
        let found = phr.ask(query, &json!({ "of": second }))["likelyDuplicates"].take();
        assert_eq!(found[0]["patientRegister"]["uuid"], first, "{written:?} {alike:?}: {found}");
        assert_eq!(found[0]["reasons"], json!(["DATE_OF_BIRTH", "FIRST_NAME", "LAST_NAME"]), "{written:?}");
    }
}
