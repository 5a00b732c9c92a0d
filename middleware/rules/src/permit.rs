//! Proof that the authorizer said yes.

use std::{fmt, marker::PhantomData, sync::Arc};

use serde_json::Value;

use crate::{
    Authorizer, Denied, Identity, Item, Model, Operation, Scope, Screening, creation::Fill, matrix::Row,
};

/// Proof that the [`Authorizer`] said yes. Nobody else can make one:
///
/// ```compile_fail,E0451
/// use portcullis_rules::{Create, Item, Model, Permit};
///
/// fn forge(model: std::sync::Arc<Model>, item: Item) -> Permit<Create> {
///     Permit { model, item, ..unreachable!() }
/// }
/// ```
///
/// `Debug` prints the names of fields and never their values.
#[must_use = "a permit is proof of a decision; hand it to the repository"]
pub struct Permit<A> {
    model: Arc<Model>,
    /// Create: the record to be written, owner filled in. Update: the changes.
    item: Item,
    /// Read: the records that may be seen.
    scope: Scope,
    /// Update and delete: what the decision rested on and a write must find unchanged (`None`: absent).
    unchanged: Vec<(String, Option<Value>)>,
    /// Read: what a query must ask for besides. Listen: what the listener asked for.
    asked: Item,
    /// Read and listen: whether what is asked for keeps the answer within the scope.
    held_by_request: bool,
    action: PhantomData<A>,
}

/// Marks a permit to write one new record.
#[derive(Debug)]
pub enum Create {}
/// Marks a permit to read the records of a scope.
#[derive(Debug)]
pub enum Read {}
/// Marks a permit to load a record in order to decide about it.
#[derive(Debug)]
pub enum Load {}
/// Marks a permit to change one record.
#[derive(Debug)]
pub enum Update {}
/// Marks a permit to remove one record.
#[derive(Debug)]
pub enum Delete {}

impl<A> Permit<A> {
    fn new(model: &Arc<Model>) -> Self {
        Self {
            model: Arc::clone(model),
            item: Item::new(),
            scope: Scope::Nothing,
            unchanged: Vec::new(),
            asked: Item::new(),
            held_by_request: false,
            action: PhantomData,
        }
    }

    /// A permit for the records of a scope.
    pub(crate) fn within(model: &Arc<Model>, scope: Scope) -> Self {
        Self { scope, ..Self::new(model) }
    }

    /// The same, with what is asked for and whether that alone keeps the answer within the scope.
    pub(crate) fn asking(self, asked: Item, held_by_request: bool) -> Self {
        Self { asked, held_by_request, ..self }
    }

    pub(crate) fn asked(&self) -> &Item {
        &self.asked
    }

    pub(crate) fn is_held_by_request(&self) -> bool {
        self.held_by_request
    }

    pub(crate) fn within_scope(&self) -> &Scope {
        &self.scope
    }

    /// The model that the permit is for.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }
}

impl Permit<Create> {
    /// The record that may be written, with its owner filled in.
    #[must_use]
    pub fn item(&self) -> &Item {
        &self.item
    }
}

impl Permit<Read> {
    /// The records that may be seen.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl Permit<Update> {
    /// The changes that may be made; `null` removes a field.
    #[must_use]
    pub fn changes(&self) -> &Item {
        &self.item
    }

    /// The fields that the decision rested on and their stored values, which the write must find unchanged. Empty
    /// when the decision did not rest on the record.
    #[must_use]
    pub fn unchanged(&self) -> &[(String, Option<Value>)] {
        &self.unchanged
    }
}

impl Permit<Delete> {
    /// The fields that the decision rested on and their stored values, which the write must find unchanged. Empty
    /// when the decision did not rest on the record.
    #[must_use]
    pub fn unchanged(&self) -> &[(String, Option<Value>)] {
        &self.unchanged
    }
}

impl<A> fmt::Debug for Permit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("action", &std::any::type_name::<A>())
            .field("model", &self.model.name())
            .field("fields", &self.item.keys().collect::<Vec<_>>())
            .field("scope", &self.scope)
            .field("unchanged", &self.unchanged.iter().map(|(field, _)| field).collect::<Vec<_>>())
            .finish()
    }
}

impl Authorizer {
    /// Permits a new record, with the owner filled in where a rule says so and the input is silent. A `null` in the
    /// input is not silence: it leaves the record without an owner.
    ///
    /// The input is what the client sent, before the server adds ids and times.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use portcullis_rules::{Authorizer, Claims, Identity, Item, Model, Rule, User, VerifiedBy};
    ///
    /// let note = Arc::new(Model::new("Note", vec![], vec![Rule::owner()])?);
    /// let ann = Claims::from_iter([("sub", "u1"), ("username", "ann")]);
    /// let ann = Identity::from(User::user_pools(ann, VerifiedBy::Portcullis));
    ///
    /// let permit = Authorizer::default().permit_create(&ann, &note, Item::new())?;
    /// assert_eq!(permit.item()["owner"], "u1::ann");
    ///
    /// let for_bob = Item::from_iter([("owner".to_owned(), "u2::bob".into())]);
    /// assert!(Authorizer::default().permit_create(&ann, &note, for_bob).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When no rule grants it, or not on every field that the input names.
    pub fn permit_create(
        &self,
        identity: &Identity,
        model: &Arc<Model>,
        input: Item,
    ) -> Result<Permit<Create>, Denied> {
        if self.is_unrestricted(identity, model) {
            return Ok(Permit { item: input, ..Permit::new(model) });
        }
        let mut admitted: Vec<&Row> = Vec::new();
        let mut filled: Vec<(String, Value)> = Vec::new();
        let mut creation = self.creation(identity, model, &input);
        while let Some((row, refusal)) = creation.next() {
            let fully = admitted.iter().any(|row| row.covers(Operation::Create));
            if self.populates_owner_of_admitted() || !fully {
                filled.extend(creation.filled_in().filter_map(|fill| filled_in(fill, identity)));
            }
            if refusal.is_none() {
                admitted.push(row);
            }
        }
        if admitted.is_empty() {
            return Err(denied(Operation::Create, model));
        }
        if !admitted.iter().any(|row| row.covers(Operation::Create)) {
            let refused = |field: &&String| !allows(&admitted, model, field, Operation::Create);
            let fields: Vec<String> = input.keys().filter(refused).cloned().collect();
            if !fields.is_empty() {
                return Err(Denied::Fields(fields));
            }
        }
        let mut item = input;
        item.extend(filled);
        Ok(Permit { item, ..Permit::new(model) })
    }

    /// Permits reading by [`Operation::Get`], [`Operation::List`] or another read operation.
    ///
    /// # Errors
    ///
    /// When there is no record that the caller may read, or the operation is not a read.
    pub fn permit_read(
        &self,
        identity: &Identity,
        operation: Operation,
        model: &Arc<Model>,
    ) -> Result<Permit<Read>, Denied> {
        match self.scope(identity, operation, model) {
            Scope::Nothing => Err(denied(operation, model)),
            scope => Ok(Permit { scope, ..Permit::new(model) }),
        }
    }

    /// Permits loading one record in order to decide about an update or a delete.
    ///
    /// # Errors
    ///
    /// When the screening says that no record could be permitted, or the operation is neither: a read is permitted for the
    /// records of a scope, and a loaded record may lie outside of it.
    pub fn permit_load(
        &self,
        identity: &Identity,
        operation: Operation,
        model: &Arc<Model>,
    ) -> Result<Permit<Load>, Denied> {
        let decides_on_record = matches!(operation, Operation::Update | Operation::Delete);
        if !decides_on_record || self.screen(identity, operation, model) == Screening::Denied {
            return Err(denied(operation, model));
        }
        Ok(Permit::new(model))
    }

    /// Permits changes of a stored record; `null` removes a field.
    ///
    /// The decision rests on the stored record and never on the changes: whoever may change a record may, unless the
    /// owner field has rules of its own, also give it away. Removing a field needs both update and delete on it. The
    /// changes are what the client sent, before the server adds times. They need not hold the key of the record; if they hold
    /// the [partition key](Model::with_partition_key) and nothing else, so that nothing changes, a role that may only delete is
    /// permitted too, as in the reference.
    ///
    /// # Errors
    ///
    /// When no rule grants it, or not on every field that changes.
    pub fn permit_update(
        &self,
        identity: &Identity,
        model: &Arc<Model>,
        stored: &Item,
        changes: Item,
    ) -> Result<Permit<Update>, Denied> {
        if self.is_unrestricted(identity, model) {
            return Ok(Permit { item: changes, ..Permit::new(model) });
        }
        // A role that may only delete changes nothing by itself, but lets another role remove a field.
        let concerned = |row: &Row| row.touches(Operation::Update) || row.touches(Operation::Delete);
        let (by_record, mut admitted): (Vec<&Row>, Vec<&Row>) = self
            .admitting(identity, Operation::Update, model, stored, concerned)
            .partition(|row| row.role.is_decided_by_record());
        let mut rested_on: Vec<&Row> = Vec::new();
        if !permits(&admitted, model, &changes) {
            let alone = by_record
                .iter()
                .find(|&&row| permits(&[admitted.as_slice(), &[row]].concat(), model, &changes));
            rested_on = alone.map_or(by_record.clone(), |&row| vec![row]);
            admitted.extend(&rested_on);
        }
        if !permits(&admitted, model, &changes) {
            let refused = refused_changes(&admitted, model, &changes);
            return Err(if admitted.is_empty() || refused.is_empty() {
                denied(Operation::Update, model)
            } else {
                Denied::Fields(refused)
            });
        }
        Ok(Permit { item: changes, unchanged: held_by(&rested_on, stored), ..Permit::new(model) })
    }

    /// Permits the removal of a stored record, which needs delete on every field of the model.
    ///
    /// # Errors
    ///
    /// When no rule grants it.
    pub fn permit_delete(
        &self,
        identity: &Identity,
        model: &Arc<Model>,
        stored: &Item,
    ) -> Result<Permit<Delete>, Denied> {
        if self.is_unrestricted(identity, model) {
            return Ok(Permit::new(model));
        }
        // Rows that need no record come first, so that the decision rests on the record only if it must.
        let row = self
            .admitting(identity, Operation::Delete, model, stored, |row| row.grants(Operation::Delete))
            .next()
            .ok_or_else(|| denied(Operation::Delete, model))?;
        Ok(Permit { unchanged: held_by(&[row], stored), ..Permit::new(model) })
    }

    /// The rows that admit the caller to a stored record.
    fn admitting<'a>(
        &'a self,
        identity: &'a Identity,
        operation: Operation,
        model: &'a Model,
        stored: &'a Item,
        concerned: impl Fn(&Row) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Row> {
        let rows = model.matrix().rows_for(identity).filter(move |row| concerned(row));
        rows.filter(move |row| self.admits(row, identity, operation, stored))
    }
}

pub(crate) fn denied(operation: Operation, model: &Model) -> Denied {
    Denied::Operation { operation, model: model.name().to_owned() }
}

fn allows(rows: &[&Row], model: &Model, field: &str, operation: Operation) -> bool {
    rows.iter().any(|row| model.admits(row, field, operation))
}

/// Whether the roles together may make all of the changes.
fn permits(rows: &[&Row], model: &Model, changes: &Item) -> bool {
    rows.iter().any(|row| row.covers(Operation::Update) && row.covers(Operation::Delete))
        || rows.iter().any(|row| row.grants(Operation::Update))
            && refused_changes(rows, model, changes).is_empty()
        || !rows.is_empty() && names_the_record(model, changes)
}

/// Whether the changes say which record is meant, and nothing else.
fn names_the_record(model: &Model, changes: &Item) -> bool {
    let is_key = |(field, value): (&String, &Value)| model.is_partition_key(field) && !value.is_null();
    !changes.is_empty() && changes.iter().all(is_key)
}

fn refused_changes(rows: &[&Row], model: &Model, changes: &Item) -> Vec<String> {
    let refused = |field: &str, value: &Value| {
        !allows(rows, model, field, Operation::Update)
            || value.is_null() && !allows(rows, model, field, Operation::Delete)
    };
    changes.iter().filter(|(field, value)| refused(field, value)).map(|(field, _)| field.clone()).collect()
}

/// The owner that a new record gets.
fn filled_in(fill: Fill<'_>, identity: &Identity) -> Option<(String, Value)> {
    let owner = Value::String(fill.claim.joined(identity.user()?.claims())?);
    Some((fill.field.to_owned(), if fill.list { Value::Array(vec![owner]) } else { owner }))
}

/// The fields that decided for these rows, as they are stored.
fn held_by(rows: &[&Row], stored: &Item) -> Vec<(String, Option<Value>)> {
    let mut held: Vec<(String, Option<Value>)> = Vec::new();
    for field in rows.iter().flat_map(|row| row.role.deciding_fields()) {
        if !held.iter().any(|(name, _)| name == field) {
            held.push((field.to_owned(), stored.get(field).cloned()));
        }
    }
    held
}
