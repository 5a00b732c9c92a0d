//! The bucket as clients see it.

mod door;
mod listing;
mod objects;
mod parts;
mod permissions;
mod signatures;
