"""The languages that people read: choose one, translate the grader's own words, and the sentences of results.

Results hold English sentences, whoever reads them: a result is signed, stored and judged once, and may be read in
several languages. So a sentence is translated when it is shown. `tr` translates words that stand in the code that shows
them; `said` translates a sentence out of a result, by finding the template of the catalogue that it was made from.
"""

from grader.language.choice import (
    ENGLISH,
    LANGUAGES,
    LanguageError,
    available,
    chosen,
    current,
    from_environment,
    in_language,
    use,
)
from grader.language.words import add_catalogue, said, tr

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "LanguageError",
    "add_catalogue",
    "available",
    "chosen",
    "current",
    "from_environment",
    "in_language",
    "said",
    "tr",
    "use",
]
