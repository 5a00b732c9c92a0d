//! Syntax tree to schema.

use std::collections::{BTreeMap, HashMap};

use apollo_compiler::{Node, ast::Document, ast::ObjectTypeDefinition};

use crate::{
    CustomField, ObjectType, Project, Schema,
    auths::Auths,
    declarations::Declarations,
    definitions::Definitions,
    directives::refuse_others,
    fields, model_reader,
    named_type::ObjectTypes,
    report::{Report, shortened},
    sdl,
    syntax::name_span,
    transform,
    types::Types,
};

/// Reads a document, and what the reference would warn of. The schema is sound as far as the report says.
pub(crate) fn read(document: &Document, project: &Project, report: &mut Report<'_>) -> (Schema, Vec<String>) {
    let definitions = Definitions::new(document);
    sdl::check(document, &definitions, report);
    let (types, auths) = (Types::new(document), Auths::read(document, &definitions));
    let warnings = transform::check(document, &types, &auths, project, report);
    let declarations = Declarations::read(document, &types, report);
    let reader = Reader { declarations: &declarations, definitions: &definitions, auths: &auths, project };
    (reader.read(report), warnings)
}

/// What every type is read with.
pub(crate) struct Reader<'a> {
    pub(crate) declarations: &'a Declarations<'a>,
    pub(crate) definitions: &'a Definitions<'a>,
    pub(crate) auths: &'a Auths,
    pub(crate) project: &'a Project,
}

impl Reader<'_> {
    fn read(&self, report: &mut Report<'_>) -> Schema {
        let mut custom_fields = Vec::new();
        for (type_name, field) in &self.declarations.operations {
            let auth = self.auths.of(&field.directives);
            custom_fields.push(CustomField::read(type_name, field, auth, self.project));
        }
        let mut objects = BTreeMap::new();
        for object in &self.declarations.objects {
            objects.insert(object.name.to_string(), self.read_object(object, &mut custom_fields, report));
        }
        let objects = ObjectTypes::new(objects);
        let mut models = Vec::new();
        let mut paths = HashMap::new();
        for definition in &self.declarations.models {
            let Some(model) = model_reader::read(definition, self, &objects, report) else {
                continue;
            };
            if let Some(other) = paths.insert(model.path.clone(), model.name.clone()) {
                let message = format!(
                    "the models `{}` and `{}` have the same REST path `/{}`",
                    shortened(&other),
                    shortened(&model.name),
                    shortened(&model.path)
                );
                report.refused(name_span(&definition.name), message);
            }
            models.push(model);
        }
        Schema { models, enums: self.declarations.enums.clone(), objects, custom_fields }
    }

    /// A type without `@model`: it is stored inside records, and the rules of those records guard it.
    fn read_object(
        &self,
        object: &Node<ObjectTypeDefinition>,
        custom_fields: &mut Vec<CustomField>,
        report: &mut Report<'_>,
    ) -> ObjectType {
        refuse_others(&object.directives, &["auth"], report);
        let mut fields = Vec::new();
        for read in fields::read(object, self.declarations, self.definitions, report) {
            refuse_others(&read.definition.directives, &[], report);
            if let Some(auth) = self.auths.of(&read.definition.directives) {
                custom_fields.push(CustomField::read(
                    &object.name,
                    read.definition,
                    Some(auth),
                    self.project,
                ));
            }
            fields.extend(read.field);
        }
        ObjectType {
            name: object.name.to_string(),
            description: object.description.as_ref().map(|text| text.to_string()),
            fields,
        }
    }
}
