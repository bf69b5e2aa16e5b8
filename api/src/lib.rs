//! `phr`: a patient health record server. The rooms, from the top down; imports point down only:
//!
//! `cli` -> `app` -> `server` -> `graphql` -> `auth` -> `records` -> `audit`, `changelog` -> `database` -> `criteria` -> `scope` ->
//! `entity`

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod answer;
pub mod app;
pub mod audit;
pub mod auth;
pub mod budget;
pub mod changelog;
pub mod cli;
pub mod clock;
pub mod config;
mod console;
pub mod criteria;
pub mod database;
pub mod date;
pub mod deed;
mod demo;
mod doctor;
pub mod error;
mod export;
pub mod fhir;
mod file_modes;
pub mod fold;
pub mod graphql;
pub mod guards;
mod import;
pub mod instant;
mod key;
pub mod listen;
mod media;
mod migrate;
mod normalize;
pub mod observability;
pub mod origin;
pub mod phone_number;
pub mod playground;
pub mod pruning_clock;
pub mod rate;
pub mod records;
pub mod scope;
pub mod server;
pub mod task;
mod token;
mod user;
mod verify;
