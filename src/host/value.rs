//! A serde deserialiser over JavaScript values.
//!
//! That of serde-wasm-bindgen does not fit values of a caller: it reads known fields only, so that a misspelt option is
//! not noticed; exceptions of getters and proxies unwind through the module; and its errors print whole objects, with
//! the tokens in them. It also formats floats, which takes 11 KB of brotli. The errors of this one have the parts that
//! the message of an `INVALID_ARGUMENT` needs: the option, what was given, what is accepted.

use super::foreign;
use js_sys::{Array, JSON, Reflect};
use serde::{
    Deserializer,
    de::{
        self, DeserializeSeed, IntoDeserializer, MapAccess, Unexpected, Visitor,
        value::{SeqDeserializer, StrDeserializer, StringDeserializer},
    },
    forward_to_deserialize_any,
};
use std::{borrow::Cow, cell::RefCell, fmt};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// An object from `JSON.parse`: reading its properties cannot throw.
    type Data;
    #[wasm_bindgen(method, structural, indexing_getter)]
    fn get(this: &Data, name: &JsValue) -> JsValue;
}

/// A value, and how the objects in it are read.
pub struct Value {
    pub value: JsValue,
    pub access: Access,
}

/// Which properties of an object are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// All own properties, so that serde notices unknown ones: for options.
    Own,
    /// The fields that serde asks for: for data that the host parsed.
    Known,
}

/// The name of a property.
pub type Name = Cow<'static, str>;

thread_local! {
    /// The names in paths of dialects, as JavaScript strings, at most `MAX_PATH_NAMES`.
    static PATH_NAMES: RefCell<Vec<(String, JsValue)>> = const { RefCell::new(Vec::new()) };
}

/// Further names, which only very many dialects have, are converted at each use.
const MAX_PATH_NAMES: usize = 64;

/// A field of parsed data, by a name in a path of a dialect. `object` has to be an object.
pub fn named(object: &JsValue, name: &str) -> JsValue {
    let object: &Data = object.unchecked_ref();
    PATH_NAMES.with_borrow_mut(|names| match names.iter().find(|(known, _)| known == name) {
        Some((_, key)) => object.get(key),
        None => {
            let key = JsValue::from(name);
            let value = object.get(&key);
            if names.len() < MAX_PATH_NAMES {
                names.push((name.to_owned(), key));
            }
            value
        }
    })
}

/// The name of the newtype `dialect::JsonText`, which is filled with the JSON text of the value.
const JSON_TEXT: &str = "JsonText";
/// The longest array of an option: longer than any list of states.
const MAX_ELEMENTS: u32 = 100;

impl Value {
    /// Whether it is an object, but not an array or a function.
    pub fn is_object(&self) -> bool {
        self.value.is_object() && !foreign::is_array(&self.value)
    }

    /// The error for a value of a wrong type.
    pub fn wrong_type(&self, visitor: &dyn de::Expected) -> Refusal {
        de::Error::invalid_type(Unexpected::Other(foreign::kind(&self.value)), visitor)
    }

    /// The own properties of an object, each read once; `undefined` counts as not given.
    pub fn own_properties(&self) -> Result<Vec<(Name, Value)>, Refusal> {
        let mut properties = Vec::new();
        for key in Reflect::own_keys(&self.value).map_err(|_| Refusal::unreadable())? {
            // No option has a symbol as its name.
            let Some(name) = key.as_string() else { continue };
            match Reflect::get(&self.value, &key) {
                Ok(value) if value.is_undefined() => {}
                Ok(value) => properties.push((Name::Owned(name), Value { value, ..*self })),
                Err(_) => return Err(Refusal::unreadable().in_property(&name)),
            }
        }
        Ok(properties)
    }

    /// Those of `fields` that parsed data has.
    fn known_properties(self, fields: &'static [&'static str]) -> impl Iterator<Item = (Name, Value)> {
        fields.iter().filter_map(move |name| {
            let value = self.value.unchecked_ref::<Data>().get(&foreign::constant(name));
            (!value.is_undefined()).then_some((Name::Borrowed(*name), Value { value, ..self }))
        })
    }

    fn properties(self, fields: &'static [&'static str]) -> Result<Properties, Refusal> {
        Ok(Properties::new(match self.access {
            Access::Own => Box::new(self.own_properties()?.into_iter()),
            Access::Known => Box::new(self.known_properties(fields)),
        }))
    }

    /// The elements of an array.
    fn elements(&self) -> Result<Vec<Value>, Refusal> {
        let element = |value| Value { value, ..*self };
        if self.access == Access::Known {
            return Ok(self.value.unchecked_ref::<Array>().iter().map(element).collect());
        }
        let unreadable = |_| Refusal::unreadable();
        let length = foreign::get(&self.value, "length").map_err(unreadable)?.as_f64().unwrap_or_default() as u32;
        if length > MAX_ELEMENTS {
            return Err(de::Error::custom(format_args!("has {length} elements; it takes at most {MAX_ELEMENTS}")));
        }
        (0..length).map(|index| Reflect::get_u32(&self.value, index).map(element).map_err(unreadable)).collect()
    }
}

impl<'de> IntoDeserializer<'de, Refusal> for Value {
    type Deserializer = Value;

    fn into_deserializer(self) -> Value {
        self
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        if let Some(text) = self.value.as_string() {
            visitor.visit_string(text)
        } else if let Some(number) = self.value.as_f64() {
            visitor.visit_f64(number)
        } else if let Some(boolean) = self.value.as_bool() {
            visitor.visit_bool(boolean)
        } else {
            Err(self.wrong_type(&visitor))
        }
    }

    /// An object; any other value goes to the visitor, which may accept it (`api: "calls"`).
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        if self.is_object() { visitor.visit_map(self.properties(fields)?) } else { self.deserialize_any(visitor) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        if foreign::is_array(&self.value) {
            visitor.visit_seq(SeqDeserializer::new(self.elements()?.into_iter()))
        } else {
            self.deserialize_any(visitor)
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        if name != JSON_TEXT {
            return visitor.visit_newtype_struct(self);
        }
        match JSON::stringify(&self.value).ok().and_then(|text| text.as_string()) {
            Some(text) => visitor.visit_newtype_struct(StringDeserializer::new(text)),
            None => Err(self.wrong_type(&"a JSON value")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf
        unit unit_struct tuple tuple_struct map enum identifier
    }
}

/// The properties of an object; an error of a value gets the name of its property.
pub struct Properties {
    rest: Box<dyn Iterator<Item = (Name, Value)>>,
    next: Option<(Name, Value)>,
}

impl Properties {
    /// In the given order.
    pub fn new(properties: Box<dyn Iterator<Item = (Name, Value)>>) -> Self {
        Properties { rest: properties, next: None }
    }

    fn advance(&mut self) -> Option<&str> {
        self.next = self.rest.next();
        self.next.as_ref().map(|(name, _)| &**name)
    }
}

impl<'de> MapAccess<'de> for Properties {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        self.advance().map(|name| seed.deserialize(StrDeserializer::new(name))).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refusal> {
        let Some((name, value)) = self.next.take() else { return Err(Refusal::unreadable()) };
        seed.deserialize(value).map_err(|refusal| refusal.in_property(&name))
    }
}

/// The beginning of the problem with an unknown option.
const UNKNOWN: &str = "is not an option; the options are";

/// Why a value was refused, for the message of an `INVALID_ARGUMENT`.
#[derive(Debug)]
pub struct Refusal {
    /// The option's name, with dots for depth; `None` for the argument itself.
    pub option: Option<String>,
    /// What is wrong with it, as the predicate of a sentence.
    pub problem: String,
}

impl Refusal {
    /// `given` and `accepted` are nouns: "got {given}; it takes {accepted}".
    pub fn new(option: &str, given: &str, accepted: &dyn fmt::Display) -> Self {
        Refusal { option: Some(option.to_owned()), problem: format!("got {given}; it takes {accepted}") }
    }

    /// The error for a value whose getter or proxy throws.
    pub fn unreadable() -> Self {
        de::Error::custom("cannot be read: a getter or a proxy throws")
    }

    /// Adds further options to the problem with an unknown one: those that the caller read itself.
    pub fn with_options(mut self, more: &str) -> Self {
        if self.problem.starts_with(UNKNOWN) {
            self.problem.push_str(more);
        }
        self
    }

    /// The same refusal for the property that contains the value.
    pub fn in_property(self, name: &str) -> Self {
        let option = match self.option {
            Some(option) => format!("{name}.{option}"),
            None => name.to_owned(),
        };
        Refusal { option: Some(option), ..self }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.problem)
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Refusal { option: None, problem: problem.to_string() }
    }

    fn invalid_type(given: Unexpected, accepted: &dyn de::Expected) -> Self {
        let given = match given {
            Unexpected::Str(text) => foreign::quoted(text),
            Unexpected::Float(number) => foreign::shown(&number.into()),
            Unexpected::Bool(boolean) => foreign::shown(&boolean.into()),
            Unexpected::Other(words) => words.to_owned(),
            // No other kind is ever visited.
            _ => String::new(),
        };
        Refusal { option: None, problem: format!("got {given}; it takes {accepted}") }
    }

    fn invalid_value(given: Unexpected, accepted: &dyn de::Expected) -> Self {
        de::Error::invalid_type(given, accepted)
    }

    fn invalid_length(_: usize, accepted: &dyn de::Expected) -> Self {
        de::Error::invalid_type(Unexpected::Other("an empty array"), accepted)
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        let problem = format!("{UNKNOWN} {}", known.join(", "));
        Refusal { option: Some(name.to_owned()), problem }
    }

    fn missing_field(name: &'static str) -> Self {
        Refusal { option: Some(name.to_owned()), problem: "is missing".to_owned() }
    }
}
