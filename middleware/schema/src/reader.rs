//! Syntax tree to schema.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use apollo_compiler::{
    Node,
    ast::{Document, ObjectTypeDefinition},
};

use crate::{
    CustomField, ModelType, ObjectType, Project, Schema,
    auths::Auths,
    context::Context,
    custom_field,
    declarations::Declarations,
    definitions::Definitions,
    directives::refuse_others,
    extension_checks, fields,
    links::Links,
    model_reader,
    named_type::ObjectTypes,
    nesting,
    report::{Report, shortened},
    sdl,
    syntax::name_span,
    transform,
    types::Types,
};

/// Reads a document, and what the reference would warn of. The schema is sound as far as the report says.
pub(crate) fn read(document: &Document, project: &Project, report: &mut Report<'_>) -> (Schema, Vec<String>) {
    let definitions = Definitions::new(document, project.extensions);
    extension_checks::check(document, report);
    sdl::check(document, &definitions, report);
    let (types, auths) = (Types::new(document), Auths::read(document, &definitions));
    let warnings = transform::check(document, &types, &auths, project, report);
    let declarations = Declarations::read(document, &types, report);
    let links = Links::new(&types, project);
    let mut context = Context {
        declarations: &declarations,
        definitions: &definitions,
        auths: &auths,
        links: &links,
        project,
        objects: ObjectTypes::default(),
    };
    (read_schema(document, &mut context, report), warnings)
}

fn read_schema(document: &Document, context: &mut Context<'_>, report: &mut Report<'_>) -> Schema {
    let mut objects = BTreeMap::new();
    for object in &context.declarations.objects {
        objects.insert(object.name.to_string(), read_object(object, context, report));
    }
    for input in &context.declarations.inputs {
        let fields = fields::read_inputs(&input.fields, context, report);
        objects.insert(
            input.name.to_string(),
            ObjectType {
                name: input.name.to_string(),
                description: input.description.as_ref().map(|text| text.to_string()),
                is_input: true,
                fields,
            },
        );
    }
    context.objects = ObjectTypes::new(objects);
    let mut custom_fields = Vec::new();
    for (type_name, field) in &context.declarations.operations {
        custom_fields.push(CustomField::read(type_name, field, context, report));
        custom_field::check_served(type_name, field, report);
    }
    for object in &context.declarations.objects {
        for field in &object.fields {
            if context.auths.of(&field.directives).is_some() {
                // What is wrong with its type has been told of.
                custom_fields.push(CustomField::read(&object.name, field, context, &mut Report::new("")));
            }
        }
    }
    let mut models: Vec<ModelType> = Vec::new();
    let mut paths = HashMap::new();
    for definition in &context.declarations.models {
        let Some(model) = model_reader::read(definition, context, report) else {
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
    models.extend(context.links.joins.iter().filter_map(|join| model_reader::read_join(join, context)));
    nesting::check(&context.declarations.models, context, report);
    let by_name = models.iter().enumerate().map(|(place, model)| (model.name.clone(), place)).collect();
    let enums = context.declarations.enums.clone();
    Schema {
        models,
        by_name,
        enums,
        objects: Arc::clone(&context.objects),
        custom_fields,
        document: Arc::new(document.clone()),
        project: context.project.clone(),
    }
}

/// A type without `@model`: it is stored inside records, or what a handler answers with.
fn read_object(
    object: &Node<ObjectTypeDefinition>,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> ObjectType {
    refuse_others(&object.directives, &["auth"], report);
    let mut fields = Vec::new();
    for read in fields::read(object, context, report) {
        refuse_others(&read.definition.directives, &["auth", "deprecated"], report);
        for argument in &read.definition.arguments {
            report.unsupported(name_span(&argument.name), "an argument of a field");
        }
        fields.extend(read.field);
    }
    ObjectType {
        name: object.name.to_string(),
        description: object.description.as_ref().map(|text| text.to_string()),
        is_input: false,
        fields,
    }
}
