//! Real databases, real processes and real clients.
