//! The bucket as clients see it.

mod door;
mod hostile;
mod listing;
mod objects;
mod parts;
mod permissions;
mod signatures;
