//! The declarations of the model.

/// Declares a struct that is an element (`element`, it keeps what it does not know) or a group of attributes and
/// children of an element (`group`).
///
/// ```text
/// model! {
///     /// Where a disk appears.
///     pub element DiskTarget {
///         /// Name.
///         dev: String = attr("dev"),
///         bus: Option<DiskBus> = attr("bus"),
///     }
/// }
/// ```
///
/// `attr` and its like are methods of `Reader` and `Writer`; their order is the order of writing. Every field gets a
/// setter of its own name.
macro_rules! model {
    (
        $(#[$meta:meta])*
        pub element $name:ident {
            $($(#[$doc:meta])* $field:ident : $wrap:ident $(<$inner:ty>)? = $how:ident($($arg:expr),*)),* $(,)?
        }
    ) => {
        model! { @struct [$(#[$meta])*] $name
            [ $([$(#[$doc])*] $field : $wrap $(<$inner>)? ,)*
              [
                /// What the model does not know of this element.
                #[serde(default, skip_serializing_if = "crate::element::Other::is_empty")]
              ] other : (crate::element::Other) , ]
            []
        }

        impl crate::codec::Xml for $name {
            fn read(reader: &mut crate::codec::Reader<'_>) -> Option<Self> {
                Some(Self {
                    $($field: reader.$how($($arg),*)?,)*
                    other: reader.rest(),
                })
            }

            fn write(&self, writer: &mut crate::codec::Writer) {
                $(writer.$how($($arg,)* &self.$field);)*
                writer.rest(&self.other);
            }
        }

        impl $name {
            $(model! { @setter $field : $wrap $(<$inner>)? })*

            /// Sets what the model does not know of this element.
            #[must_use]
            pub fn other(mut self, other: crate::element::Other) -> Self {
                self.other = other;
                self
            }
        }
    };
    (
        $(#[$meta:meta])*
        pub group $name:ident {
            $($(#[$doc:meta])* $field:ident : $wrap:ident $(<$inner:ty>)? = $how:ident($($arg:expr),*)),* $(,)?
        }
    ) => {
        model! { @struct [$(#[$meta])*] $name
            [ $([$(#[$doc])*] $field : $wrap $(<$inner>)? ,)* ]
            []
        }

        impl crate::codec::Xml for $name {
            fn read(reader: &mut crate::codec::Reader<'_>) -> Option<Self> {
                Some(Self {
                    $($field: reader.$how($($arg),*)?,)*
                })
            }

            fn write(&self, writer: &mut crate::codec::Writer) {
                $(writer.$how($($arg,)* &self.$field);)*
            }
        }

        impl $name {
            $(model! { @setter $field : $wrap $(<$inner>)? })*
        }
    };

    // Field by field, because what serde is told depends on the type.
    (@struct [$($meta:tt)*] $name:ident [] [$($done:tt)*]) => {
        $($meta)*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[non_exhaustive]
        pub struct $name { $($done)* }
    };
    (@struct $meta:tt $name:ident
        [ [$($doc:tt)*] $field:ident : Option<$inner:ty> , $($rest:tt)* ] [$($done:tt)*]) => {
        model! { @struct $meta $name [$($rest)*] [$($done)*
            $($doc)*
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub $field: Option<$inner>,
        ] }
    };
    (@struct $meta:tt $name:ident
        [ [$($doc:tt)*] $field:ident : Vec<$inner:ty> , $($rest:tt)* ] [$($done:tt)*]) => {
        model! { @struct $meta $name [$($rest)*] [$($done)*
            $($doc)*
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub $field: Vec<$inner>,
        ] }
    };
    (@struct $meta:tt $name:ident
        [ [$($doc:tt)*] $field:ident : bool , $($rest:tt)* ] [$($done:tt)*]) => {
        model! { @struct $meta $name [$($rest)*] [$($done)*
            $($doc)*
            #[serde(default, skip_serializing_if = "std::ops::Not::not")]
            pub $field: bool,
        ] }
    };
    (@struct $meta:tt $name:ident
        [ [$($doc:tt)*] $field:ident : ($plain:ty) , $($rest:tt)* ] [$($done:tt)*]) => {
        model! { @struct $meta $name [$($rest)*] [$($done)* $($doc)* pub $field: $plain,] }
    };
    (@struct $meta:tt $name:ident
        [ [$($doc:tt)*] $field:ident : $plain:ident , $($rest:tt)* ] [$($done:tt)*]) => {
        model! { @struct $meta $name [$($rest)*] [$($done)* $($doc)* pub $field: $plain,] }
    };

    (@setter $field:ident : Option<$inner:ty>) => {
        #[doc = concat!("Sets `", stringify!($field), "`.")]
        #[must_use]
        pub fn $field(mut self, value: impl Into<$inner>) -> Self {
            self.$field = Some(value.into());
            self
        }
    };
    (@setter $field:ident : Vec<$inner:ty>) => {
        #[doc = concat!("Adds to `", stringify!($field), "`.")]
        #[must_use]
        pub fn $field(mut self, values: impl IntoIterator<Item = $inner>) -> Self {
            self.$field.extend(values);
            self
        }
    };
    (@setter $field:ident : $plain:ident) => {
        #[doc = concat!("Sets `", stringify!($field), "`.")]
        #[must_use]
        pub fn $field(mut self, value: impl Into<$plain>) -> Self {
            self.$field = value.into();
            self
        }
    };
}

/// Declares an attribute's set of values. A value that is not in it is kept as `Other`.
macro_rules! values {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),* $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("`", $text, "`")]
                ///
                $(#[$doc])*
                $variant,
            )*
            /// A value that has no name here. Made by `From`, it is none of those above.
            Other(String),
        }

        impl $name {
            /// The value as it stands in XML.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    text => Self::Other(text.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl crate::codec::Value for $name {
            fn parse(text: &str) -> Option<Self> {
                Some(Self::from(text))
            }

            fn print(&self) -> std::borrow::Cow<'_, str> {
                self.as_str().into()
            }
        }
    };
}

/// Declares an enum chosen by an attribute (`type` as a rule), each variant with its own part of the element:
/// `Variant(Type) = "value" in how(args)`. An unknown choice is kept as `Other`, its content by the element; `absent`
/// says what it means that there is no such attribute.
macro_rules! tagged {
    (
        $(#[$meta:meta])*
        pub enum $name:ident absent $default:literal {
            $($(#[$doc:meta])* $variant:ident $(($data:ty))? = $tag:literal $(in $how:ident($($arg:expr),*))?),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        #[allow(clippy::large_enum_variant, reason = "a domain has few of them, and a box is in everybody's way")]
        pub enum $name {
            $(
                #[doc = concat!("`", $tag, "`")]
                ///
                $(#[$doc])*
                $variant $(($data))?,
            )*
            /// A choice that has no name here; what belongs to it is in the element's `other`. Empty: none is written.
            Other(String),
        }

        impl crate::codec::Tagged for $name {
            fn read(tag: Option<&str>, reader: &mut crate::codec::Reader<'_>) -> Option<Self> {
                let _ = &reader;
                match tag.unwrap_or($default) {
                    $($tag => Some(Self::$variant $((reader.$how($($arg),*)?))?),)*
                    tag => Some(Self::Other(tag.to_owned())),
                }
            }

            fn tag(&self) -> &str {
                match self {
                    $(Self::$variant { .. } => $tag,)*
                    Self::Other(tag) => tag,
                }
            }

            fn write(&self, writer: &mut crate::codec::Writer) {
                let _ = &writer;
                match self {
                    $(Self::$variant { .. } => {
                        $(if let Self::$variant(data) = self {
                            writer.$how($($arg,)* data);
                        })?
                    })*
                    Self::Other(_) => {}
                }
            }
        }
    };
}

pub(crate) use {model, tagged, values};
