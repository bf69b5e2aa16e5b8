//! The answers that front ends depend on: places of errors, limits of rules, present records of conflicts, events, lists
//! that are always there, and instants of one form.

mod conflicts;
mod events;
mod inputs;
mod instants;
mod limits_of_rules;
mod lists;
mod schema;
