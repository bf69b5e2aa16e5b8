//! A primary and two replicas, each of which may die.

mod faults;
