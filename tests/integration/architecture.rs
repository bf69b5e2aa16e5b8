//! The ladder: imports point down only.

use std::path::{Path, PathBuf};

use support::root;

/// The rooms of the server, from the top down. A room may import those below it; rooms on one rung do not import each
/// other. So `config`, which builds what `graphql` and `database` are set with, stands above both, and neither knows it.
const LADDER: &[&[&str]] = &[
    &["main", "lib"],
    &["cli"],
    &["migrate", "normalize", "doctor", "import", "export", "token", "user", "key", "verify"],
    &["app"],
    &["server", "demo", "console", "file_modes"],
    &["media", "playground", "observability", "listen"],
    &["config"],
    &["graphql", "fhir"],
    &["auth"],
    &["records"],
    &["audit", "changelog"],
    &["pruning_clock"],
    &["database"],
    &["criteria", "rate", "budget"],
    &["scope", "deed"],
    &["answer", "clock", "fold", "instant", "origin", "guards", "phone_number", "task"],
    &["error"],
    &["date"],
];

/// Macros that stand in the crate's root by name, and the room that they belong to.
const MACROS: &[(&str, &str)] = &[("choice_filter", "criteria")];

/// Members that only some rooms may use.
const MEMBERS: &[(&str, &[&str])] = &[
    ("migration::", &["main", "cli", "migrate", "doctor", "app", "demo"]),
    ("entity::", &["demo", "graphql", "auth", "records", "audit", "changelog", "criteria", "deed"]),
];

fn rung(room: &str) -> Option<usize> {
    let room = MACROS.iter().find(|(name, _)| *name == room).map_or(room, |(_, owner)| owner);
    LADDER.iter().position(|rooms| rooms.contains(&room))
}

/// The rooms that a text names after `crate::`, each with the line it stands on.
fn imports(text: &str) -> Vec<(usize, String)> {
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + "crate::".len()..];
        let names: Vec<String> =
            if let Some(group) = rest.strip_prefix('{') { outermost(group) } else { vec![name(rest)] };
        found.extend(names.into_iter().map(|name| (line, name)));
    }
    found
}

/// The first name of each entry of a group of imports: `a` and `b` of `a::{x, y}, b::z}`.
fn outermost(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' | ',' if depth == 0 => {
                names.push(name(group[start..at].trim_start()));
                start = at + 1;
                if letter == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn name(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// What is wrong with a file of a room.
fn offences(room: &str, text: &str) -> Vec<String> {
    let Some(own) = rung(room) else { return vec![format!("{room} stands on no rung of the ladder: give it one")] };
    let mut found = Vec::new();
    for (line, other) in imports(text) {
        match rung(&other) {
            _ if other == room => {}
            Some(rung) if rung > own => {}
            Some(_) => found.push(format!("line {line}: {room} may not import {other}")),
            None => found.push(format!("line {line}: {other} stands on no rung of the ladder")),
        }
    }
    for (line, code) in text.lines().enumerate().filter(|(_, code)| !code.trim_start().starts_with("//")) {
        for (member, rooms) in MEMBERS {
            let named = code
                .match_indices(member)
                .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c)));
            if named && !rooms.contains(&room) {
                found.push(format!("line {}: {room} may not use {member}", line + 1));
            }
        }
        if code.contains("super::super") {
            found.push(format!("line {}: name the room from the crate's root, not by super::super", line + 1));
        }
    }
    found
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn imports_point_down_the_ladder() {
    let source = root().join("api/src");
    let mut files = Vec::new();
    sources(&source, &mut files);
    assert!(files.len() > 30, "the sources are where they were");
    let mut wrong = Vec::new();
    for file in files {
        let place = file.strip_prefix(&source).unwrap();
        let room = place.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "");
        let text = std::fs::read_to_string(&file).unwrap();
        wrong.extend(offences(&room, &text).into_iter().map(|what| format!("{}: {what}", place.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_import_that_climbs_is_found_however_it_is_written() {
    for climbing in [
        "use crate::graphql::Engine;",
        "use crate::{error::Error, graphql::{Engine, Limits}};",
        "use crate::{\n    error,\n    graphql,\n};",
        "fn f() { crate::graphql::sdl() }",
        "pub(in crate::server) fn f() {}",
        "use crate::nowhere::Thing;",
        "use migration::steps;",
        "use super::super::graphql;",
    ] {
        assert!(!offences("records", climbing).is_empty(), "{climbing}");
    }
    for fine in [
        "use crate::{database::{Cluster, Node}, error::Error};\nuse crate::records::Row;",
        "// crate::graphql is above",
        "use crate::choice_filter;",
        "use entity::doctor::Column;",
        "use sea_orm_migration::prelude::*;",
    ] {
        assert_eq!(offences("records", fine), Vec::<String>::new(), "{fine}");
    }
    assert!(!offences("clock", "use crate::instant::Instant;").is_empty(), "neighbours on one rung");
    assert!(!offences("attic", "").is_empty(), "a room without a rung");
}

#[test]
fn files_stay_short() {
    let mut files = Vec::new();
    for folder in ["api/src", "entity/src", "migration/src", "tests/support", "tests/integration"] {
        sources(&root().join(folder), &mut files);
    }
    for file in files {
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines < 400, "{} has {lines} lines", file.display());
    }
}

#[test]
fn every_file_of_tests_is_compiled() {
    let folder = root().join("tests/integration");
    let declared = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(name == "main" || declared.contains(&format!("\nmod {name};\n")), "main.rs does not name {name}");
    }
}
