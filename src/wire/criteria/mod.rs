//! What a control point asks of a listing: which properties (`Filter`, ContentDirectory:1 §2.5.7), in which order
//! (`SortCriteria`, §2.5.8) and of which objects (`SearchCriteria`, §2.5.5).

mod filter;
mod search;
mod sort;

pub use filter::{Filter, Property};
pub use search::{
    Comparison, Expression, Operator, Problem, SearchCriteria, SearchError, SearchProperty, Term,
    search_capabilities,
};
pub use sort::{SortCriteria, SortError, SortKey, SortProperty, sort_capabilities};
