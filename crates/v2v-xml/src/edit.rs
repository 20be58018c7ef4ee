//! Changes. Each leaves every byte alone that is not of its own node, or of the line it comes to or goes from.

use crate::arena::{Attribute, Close, Content, Element, NodeId, Piece, Place};
use crate::chars::{check_name, escape_attribute, escape_text, is_blank, shown};
use crate::layout::{Layout, Lines, lead};
use crate::new_element::Item;
use crate::{Document, EditError, NewElement};

impl Document {
    /// Gives an attribute a value. One that is there keeps its place, its quotes and the blanks around it; a new one
    /// comes last, with the quotes most attributes of the document have.
    ///
    /// Returns whether the document changed. It does not if the attribute has that value, however it is spelt.
    ///
    /// # Errors
    ///
    /// [`EditError`] if the node is no element of the document, `name` is no XML name, or `value` has a character that
    /// XML can't hold.
    pub fn set_attribute(
        &mut self,
        id: NodeId,
        name: &str,
        value: &str,
    ) -> Result<bool, EditError> {
        self.check_element(id)?;
        check_name(name)?;
        if self.attribute(id, name).is_some_and(|old| old == value) {
            return Ok(false);
        }
        match self.attribute_node(id, name).map(|old| old.quote) {
            Some(quote) => {
                let raw = Piece::new(escape_attribute(value, quote)?);
                let index = self.attribute_index(id, name);
                let attribute =
                    index.and_then(|index| self.arena.element_mut(id)?.attributes.get_mut(index));
                if let Some(attribute) = attribute {
                    attribute.raw = raw;
                }
            }
            None => {
                let attribute = self.new_attribute(id, name, value)?;
                if let Some(element) = self.arena.element_mut(id) {
                    element.attributes.push(attribute);
                }
            }
        }
        Ok(true)
    }

    fn attribute_index(&self, id: NodeId, name: &str) -> Option<usize> {
        let mut attributes = self.arena.element(id)?.attributes.iter();
        attributes.position(|attribute| self.arena.str(&attribute.name) == name)
    }

    fn new_attribute(&self, id: NodeId, name: &str, value: &str) -> Result<Attribute, EditError> {
        let last = self
            .arena
            .element(id)
            .and_then(|element| element.attributes.last());
        // Where the last one has a line of its own, the new one gets one too.
        let before = last
            .map(|last| self.arena.str(&last.before))
            .filter(|before| before.contains('\n'));
        self.attribute_after(before.unwrap_or(" "), name, value)
    }

    fn attribute_after(
        &self,
        before: &str,
        name: &str,
        value: &str,
    ) -> Result<Attribute, EditError> {
        let quote = self.style.quote;
        Ok(Attribute {
            before: Piece::new(before),
            name: Piece::new(name),
            equals: Piece::new("="),
            quote,
            raw: Piece::new(escape_attribute(value, quote)?),
        })
    }

    /// Removes an attribute and the blanks before it. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// [`EditError`] if the node is no element of the document.
    pub fn remove_attribute(&mut self, id: NodeId, name: &str) -> Result<bool, EditError> {
        self.check_element(id)?;
        let Some(index) = self.attribute_index(id, name) else {
            return Ok(false);
        };
        if let Some(element) = self.arena.element_mut(id) {
            element.attributes.remove(index);
        }
        Ok(true)
    }

    /// Gives an element another name; attributes and content stay.
    ///
    /// Returns whether the document changed.
    ///
    /// # Errors
    ///
    /// [`EditError`] if the node is no element of the document or `name` is no XML name.
    pub fn rename(&mut self, id: NodeId, name: &str) -> Result<bool, EditError> {
        self.check_element(id)?;
        check_name(name)?;
        if self.name(id) == name {
            return Ok(false);
        }
        if let Some(element) = self.arena.element_mut(id) {
            element.name = Piece::new(name);
        }
        Ok(true)
    }

    /// Makes `text` all the text that an element has: [`text`](Self::text) then returns it. Comments in the element
    /// stay. The new text takes the place of the first that is not blank.
    ///
    /// Returns whether the document changed. It does not if the element has that text, however it is spelt.
    ///
    /// # Errors
    ///
    /// [`EditError`] if the node is no element of the document, has child elements, or `text` has a character that XML
    /// can't hold.
    pub fn set_text(&mut self, id: NodeId, text: &str) -> Result<bool, EditError> {
        self.check_element(id)?;
        if self.elements(id).next().is_some() {
            return Err(EditError::HasElements {
                name: shown(self.name(id)),
            });
        }
        if self.text(id) == text {
            return Ok(false);
        }
        let mut raw = escape_text(text)?;
        if self.style.newline == "\r\n" {
            raw = raw.replace('\n', "\r\n");
        }
        let is_text = |&id: &NodeId| {
            let node = self.arena.get(id);
            node.is_some_and(|node| matches!(node.content, Content::Text(_) | Content::CData(_)))
        };
        let old: Vec<NodeId> = self.children(id).filter(is_text).collect();
        let first = old.iter().find(|&&id| !is_blank(&self.text(id)));
        let place = match first.or(old.first()) {
            Some(&old) => Place::Before(old),
            None => Place::Last(id),
        };
        if !raw.is_empty() {
            self.open(id);
            self.put(Content::Text(Piece::new(raw)), place);
        }
        for old in old {
            self.arena.detach(old);
        }
        Ok(true)
    }

    /// Removes an element, comment, processing instruction or piece of text with all that is in it. What has a line of
    /// its own takes the line along; comments beside it stay.
    ///
    /// # Errors
    ///
    /// [`EditError`] if the node is not in the document, or is its root element or XML declaration.
    pub fn remove(&mut self, id: NodeId) -> Result<(), EditError> {
        self.check(id)?;
        let fixed = id == self.root || id == NodeId::DOCUMENT;
        let node = self.arena.get(id);
        if fixed || node.is_some_and(|node| matches!(node.content, Content::Declaration(_))) {
            return Err(EditError::Root);
        }
        if self.arena.text(id).is_none() {
            self.close_gap(id);
        }
        self.arena.detach(id);
        Ok(())
    }

    /// Inserts an element directly before a node. On a line of its own if that is so for `sibling`, with the same
    /// indentation. A comment above `sibling` stays above both.
    ///
    /// # Errors
    ///
    /// [`EditError`] if `sibling` is not inside of the root element, or the new element can't be written in XML.
    pub fn insert_before(&mut self, sibling: NodeId, new: NewElement) -> Result<NodeId, EditError> {
        self.check_sibling(sibling)?;
        new.check()?;
        let layout = self.layout_beside(sibling);
        let id = self.build(&new, layout.lines.as_ref())?;
        self.arena.put(id, Place::Before(sibling));
        self.put_text(layout.lead, Place::Before(sibling));
        Ok(id)
    }

    /// Inserts an element after a node. On a line of its own if that is so for `sibling`, with the same indentation;
    /// then after comments that follow `sibling` in its line. If more than comments follows there, or `sibling` does
    /// not begin its line, the new element goes into that line.
    ///
    /// # Errors
    ///
    /// [`EditError`] if `sibling` is not inside of the root element, or the new element can't be written in XML.
    pub fn insert_after(&mut self, sibling: NodeId, new: NewElement) -> Result<NodeId, EditError> {
        self.check_sibling(sibling)?;
        new.check()?;
        let layout = self.layout_beside(sibling);
        if layout.lines.is_none() && !self.is_followed_directly(sibling) {
            return self.insert_with(&new, &layout, sibling);
        }
        match self.end_of_line(sibling) {
            Some(last) if layout.lines.is_some() => self.insert_with(&new, &layout, last),
            _ => self.insert_with(&new, &self.layout_in_line(sibling), sibling),
        }
    }

    fn insert_with(
        &mut self,
        new: &NewElement,
        layout: &Layout,
        after: NodeId,
    ) -> Result<NodeId, EditError> {
        let id = self.build(new, layout.lines.as_ref())?;
        self.arena.put(id, Place::After(after));
        let kept = match layout.lines {
            Some(_) => self.take_trailing_blanks(id),
            None => String::new(),
        };
        self.put_text(kept + &layout.lead, Place::Before(id));
        Ok(id)
    }

    /// Inserts an element behind all that is in `parent`, indented as the last child there, or one step more than
    /// `parent` if it is the first. `<a/>` becomes `<a>...</a>`.
    ///
    /// # Errors
    ///
    /// [`EditError`] if `parent` is no element of the document, or the new element can't be written in XML.
    pub fn append(&mut self, parent: NodeId, new: NewElement) -> Result<NodeId, EditError> {
        self.check_element(parent)?;
        new.check()?;
        if self.ends_with_text(parent) {
            let id = self.build(&new, None)?;
            self.arena.put(id, Place::Last(parent));
            return Ok(id);
        }
        match self.last_node(parent) {
            Some(last) => {
                let layout = self.layout_beside(self.line_of_comment(last));
                self.insert_with(&new, &layout, last)
            }
            None => self.append_first(parent, &new),
        }
    }

    /// Whether the content ends with something that is text and not layout.
    fn ends_with_text(&self, parent: NodeId) -> bool {
        let mut from_last = self.arena.children_from_last(parent);
        let end = from_last.find(|&id| self.arena.text(id).is_none_or(|text| !is_blank(text)));
        let node = end.and_then(|end| self.arena.get(end));
        node.is_some_and(|node| matches!(node.content, Content::Text(_) | Content::CData(_)))
    }

    fn last_node(&self, parent: NodeId) -> Option<NodeId> {
        let mut from_last = self.arena.children_from_last(parent);
        from_last.find(|&id| self.arena.text(id).is_none())
    }

    /// The node before a comment in the same line; else the node itself.
    fn line_of_comment(&self, id: NodeId) -> NodeId {
        let mut at = id;
        while self.comment(at).is_some() && !lead(&self.arena, at).contains('\n') {
            let previous =
                std::iter::successors(self.arena.previous(at), |&id| self.arena.previous(id));
            match previous
                .into_iter()
                .find(|&id| self.arena.text(id).is_none())
            {
                Some(previous) => at = previous,
                None => return id,
            }
        }
        at
    }

    fn append_first(&mut self, parent: NodeId, new: &NewElement) -> Result<NodeId, EditError> {
        let raw: Vec<NodeId> = self.children(parent).collect();
        let closing: String = raw.iter().filter_map(|&id| self.arena.text(id)).collect();
        let lines = self.layout_inside(parent, &closing);
        let id = self.build(new, lines.as_ref())?;
        self.open(parent);
        self.arena.put(id, Place::Last(parent));
        let Some(lines) = lines else {
            return Ok(id);
        };
        self.put_text(lines.lead(0), Place::Before(id));
        if closing.contains('\n') {
            // What was there is the line break before the end tag.
            for old in raw {
                self.arena.detach(old);
                self.arena.put(old, Place::Last(parent));
            }
        } else {
            for old in raw {
                self.arena.detach(old);
            }
            let outer = lines.indentation.strip_suffix(&*lines.unit);
            let end = format!("{}{}", lines.newline, outer.unwrap_or_default());
            self.put_text(end, Place::Last(parent));
        }
        Ok(id)
    }

    /// Puts a new element in the place of another, with its indentation. Returns the new one; the old one and what is
    /// in it are removed. The root element can be replaced as well.
    ///
    /// # Errors
    ///
    /// [`EditError`] if `id` is no element of the document, or the new element can't be written in XML.
    pub fn replace(&mut self, id: NodeId, new: NewElement) -> Result<NodeId, EditError> {
        self.check_element(id)?;
        new.check()?;
        let layout = self.layout_beside(id);
        let new = self.build(&new, layout.lines.as_ref())?;
        self.arena.put(new, Place::Before(id));
        self.arena.detach(id);
        if id == self.root {
            self.root = new;
        }
        Ok(new)
    }

    /// Fills a document that has nothing.
    pub(crate) fn put_root(&mut self, new: &NewElement) -> Result<(), EditError> {
        new.check()?;
        let lines = Lines {
            newline: self.style.newline,
            indentation: String::new(),
            unit: self.style.unit.clone(),
        };
        self.root = self.build(new, Some(&lines))?;
        self.arena.put(self.root, Place::Last(NodeId::DOCUMENT));
        self.put_text(self.style.newline.to_owned(), Place::Last(NodeId::DOCUMENT));
        Ok(())
    }

    /// Makes the nodes of a checked element, which is nowhere yet.
    fn build(&mut self, new: &NewElement, lines: Option<&Lines>) -> Result<NodeId, EditError> {
        let mut open: Vec<Open> = Vec::new();
        let mut top = None;
        for (index, (depth, item)) in new.items.iter().enumerate() {
            while open.len() > *depth {
                self.close(open.pop(), lines, open.len());
            }
            let content = self.content(item)?;
            let parent = open.last().map(|parent| (parent.id, parent.lines));
            if let (Some((parent, true)), Some(lines)) = (parent, lines) {
                self.put_text(lines.lead(*depth), Place::Last(parent));
            }
            let id = self
                .arena
                .push(content, 0)
                .ok_or(EditError::NotInDocument)?;
            match parent {
                Some((parent, _)) => {
                    self.open(parent);
                    self.arena.put(id, Place::Last(parent));
                }
                None => top = Some(id),
            }
            if let Item::Element { .. } = item {
                let in_lines = parent.map_or(lines.is_some(), |(_, in_lines)| in_lines);
                let lines = in_lines && new.has_lines(index);
                open.push(Open { id, lines });
            }
        }
        while let Some(last) = open.pop() {
            self.close(Some(last), lines, open.len());
        }
        top.ok_or(EditError::NotInDocument)
    }

    fn close(&mut self, open: Option<Open>, lines: Option<&Lines>, depth: usize) {
        if let (Some(Open { id, lines: true }), Some(lines)) = (open, lines) {
            self.put_text(lines.lead(depth), Place::Last(id));
        }
    }

    fn content(&self, item: &Item) -> Result<Content, EditError> {
        Ok(match item {
            Item::Text(text) => Content::Text(Piece::new(escape_text(text)?)),
            Item::Comment(text) => Content::Comment(Piece::new(format!("<!--{text}-->"))),
            Item::Instruction(raw) => Content::Instruction(Piece::new(raw.as_str())),
            Item::Element { name, attributes } => {
                let attributes = attributes.iter();
                let attributes =
                    attributes.map(|(name, value)| self.attribute_after(" ", name, value));
                Content::Element(Box::new(Element {
                    name: Piece::new(name.as_str()),
                    attributes: attributes.collect::<Result<_, _>>()?,
                    tail: Piece::empty(),
                    close: Close::Empty,
                }))
            }
        })
    }

    fn put(&mut self, content: Content, place: Place) {
        if let Some(id) = self.arena.push(content, 0) {
            self.arena.put(id, place);
        }
    }

    fn put_text(&mut self, text: String, place: Place) {
        if !text.is_empty() {
            self.put(Content::Text(Piece::new(text)), place);
        }
    }

    /// Makes `<a />` ready for content.
    fn open(&mut self, id: NodeId) {
        if let Some(element) = self.arena.element_mut(id)
            && matches!(element.close, Close::Empty)
        {
            element.tail = Piece::empty();
            element.close = Close::Tag {
                blanks: Piece::empty(),
            };
        }
    }

    fn check(&self, id: NodeId) -> Result<(), EditError> {
        if self.contains(id) {
            Ok(())
        } else {
            Err(EditError::NotInDocument)
        }
    }

    fn check_element(&self, id: NodeId) -> Result<(), EditError> {
        self.check(id)?;
        match self.arena.element(id) {
            Some(_) => Ok(()),
            None => Err(EditError::NotAnElement),
        }
    }

    fn check_sibling(&self, id: NodeId) -> Result<(), EditError> {
        self.check(id)?;
        match self.parent(id) {
            None | Some(NodeId::DOCUMENT) => Err(EditError::Root),
            Some(_) => Ok(()),
        }
    }
}

/// An element that [`Document::build`] is filling.
struct Open {
    id: NodeId,
    /// Whether its children have lines of their own.
    lines: bool,
}
