//! Answers that are made to be long.

use serde_json::{Value, json};
use support::{Backend, Phr};

use super::lives;
use crate::patients::{done, jane, with};

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

#[test]
fn introspection_counts_what_it_shows() {
    let phr = Phr::start(Backend::Sqlite);
    let types = "types { name description fields { name description args { name description } } inputFields { name description } }";
    let whole = format!("{{ __schema {{ {types} }} }}");
    let length = phr.ask(&whole, &json!({})).to_string().len();
    assert!(length > 200_000, "{length}");
    let many: String = (0..99).map(|number| format!("a{number}: __schema {{ {types} }} ")).collect::<Vec<_>>().concat();
    let before = phr.memory();
    let refused = phr.post(&json!({ "query": format!("{{ {many} }}") }).to_string());
    assert_eq!((refused.status, code(&refused.json())), (400, "LIMIT_EXCEEDED"), "{}", refused.body);
    let batch = json!(vec![json!({ "query": format!("{{ {many} }}") }); 10]);
    let refused = phr.post(&batch.to_string()).json();
    assert!(refused.as_array().unwrap().iter().all(|answer| code(answer) == "LIMIT_EXCEEDED"), "{refused}");
    let grown = phr.memory().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes");
    lives(&phr);
}

#[test]
fn an_answer_has_a_longest_length() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_MAX_ANSWER", "100000")]);
    let schema = json!({ "query": "{ __schema { types { name description fields { name description } } } }" });
    let reply = phr.post(&schema.to_string());
    assert_eq!(code(&reply.json()), "LIMIT_EXCEEDED", "{}", reply.body);
    assert!(reply.body.contains("100000 bytes"), "{}", reply.body);
    // The answers of a batch are one.
    let small = json!({ "query": "{ __schema { types { name } } }" });
    assert_eq!(phr.post(&small.to_string()).json().get("errors"), None);
    let batch = phr.post(&json!(vec![small; 10]).to_string());
    assert!(batch.body.len() < 110_000, "{} bytes", batch.body.len());
    let answers = batch.json();
    assert_eq!(answers.as_array().unwrap().len(), 10);
    assert!(answers[0].get("errors").is_none());
    assert_eq!(code(&answers[9]), "LIMIT_EXCEEDED");
    lives(&phr);
}

#[test]
fn all_answers_in_the_making_have_a_longest_length_together() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_MAX_ANSWER", "100000"), ("PHR_MAX_ANSWERS", "300")]);
    done(&phr, "createPatientRegister", "uuid", &jane());
    let query = "{ patientRegisters { nodes { uuid firstName lastName } } }";
    let names: String = (0..60).map(|number| format!("a{number}: firstName ")).collect::<Vec<_>>().concat();
    assert_eq!(phr.response(query, &json!({})).get("errors"), None);
    let long = format!("{{ patientRegisters {{ nodes {{ {names} }} }} }}");
    let reply = phr.post(&json!({ "query": long }).to_string());
    assert_eq!((reply.status, code(&reply.json())), (429, "RATE_LIMITED"), "{}", reply.body);
    assert_eq!(phr.response(query, &json!({})).get("errors"), None, "what was held is given back");
}

/// Registers whose lists are long: 100 KB each.
fn long_registers(phr: &Phr, count: usize) {
    let long: Vec<String> = (0..100).map(|number| format!("{number} {}", "x".repeat(490))).collect();
    let item = |number: usize| {
        with(jane(), &json!({ "firstName": format!("Jane{number}"), "allergies": long, "medicalHistory": long }))
    };
    let items: Vec<Value> = (0..count).map(item).collect();
    done(phr, "createPatientRegisters", "uuid", &json!({ "items": items }));
}

#[test]
fn long_texts_under_many_names_are_refused() {
    // Whoever asks for so much would have used up what they may use, or their time, before the last answer of a batch.
    let settings = [
        ("PHR_BUDGET_SHARE", "0"),
        ("PHR_BUDGET_DISCLOSURES", "0"),
        ("PHR_RATE_COST", "0"),
        ("PHR_BUDGET_REQUEST", "600"),
        ("PHR_REQUEST_TIMEOUT", "600"),
    ];
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let phr = Phr::with(backend, &settings);
        long_registers(&phr, 10);
        let aliases = |count: usize| {
            let all = (0..count)
                .map(|number| format!("a{number}: patientRegisters {{ nodes {{ allergies medicalHistory }} }} "));
            json!({ "query": format!("{{ {} }}", all.collect::<String>()) })
        };
        let few = phr.post(&aliases(20).to_string());
        assert!(few.json().get("errors").is_none() && few.body.len() > 15 << 20, "{} bytes", few.body.len());
        let before = phr.memory();
        for request in [aliases(80), json!(vec![aliases(20); 10]), json!(vec![aliases(80); 10])] {
            let reply = phr.post(&request.to_string());
            assert!(reply.body.len() < 34 << 20, "{} bytes", reply.body.len());
            let answer = reply.json();
            let last = answer.as_array().and_then(|all| all.last()).unwrap_or(&answer);
            let message = last["errors"][0]["message"].as_str().unwrap_or_default();
            assert_eq!(code(last), "LIMIT_EXCEEDED", "{message}");
            assert!(message.contains("33554432 bytes"), "{message}");
        }
        let grown = phr.memory().saturating_sub(before);
        println!("{} MB more memory after answers that were too long", grown >> 20);
        assert!(grown < 256 << 20, "{grown} bytes");
        lives(&phr);
    }
}

#[test]
fn rows_are_bounded_before_an_answer_is_made_of_them() {
    let settings = [("PHR_MAX_ANSWER", "500000"), ("PHR_MAX_ANSWERS", "900000")];
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let phr = Phr::with(backend, &settings);
        long_registers(&phr, 10);
        let first = |count: usize| json!({ "query": format!("{{ patientRegisters(first: {count}) {{ nodes {{ allergies medicalHistory }} }} }}") });
        let refused = phr.post(&first(10).to_string()).json();
        let message = refused["errors"][0]["message"].as_str().unwrap_or_default();
        assert_eq!(code(&refused), "LIMIT_EXCEEDED", "{refused}");
        assert!(message.contains("read for the answer have more than 500000 bytes"), "{message}");
        // Rows are let go of with the request that they were read for, also of a batch; what was made of them is not.
        let batch = phr.post(&json!(vec![first(2); 3]).to_string()).json();
        let codes: Vec<&str> = batch.as_array().unwrap().iter().map(code).collect();
        assert_eq!(codes, ["", "", "LIMIT_EXCEEDED"]);
        for _ in 0..10 {
            assert_eq!(phr.post(&first(2).to_string()).json().get("errors"), None, "what was held is given back");
        }
        lives(&phr);
    }
}
