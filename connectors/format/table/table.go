// Package table reads tables as people's programs write them: comma, semicolon, tab or pipe
// separated, in any of the encodings that exports come in, with or without a header, with lines
// before the header, with broken quotes. It streams from an io.ReaderAt, holds one row at a time,
// and can resume at the byte offset of any row. It does no other input or output and knows no
// meaning of columns.
package table

import "io"

// Source is what a table is read from; connectors.File and bytes.Reader are such.
type Source interface {
	io.ReaderAt
	Size() int64
}

// Limits on what one row may hold. Longer rows are told (TooLong) and skipped to their line's end.
const (
	MaxRow      = 1 << 20 // bytes of one row, line breaks in its cells included
	MaxRowLines = 5000    // physical lines of one row
	MaxRaw      = 64 << 10
)

// Pos is a place between two rows. The zero Pos is not valid; Shape.Start is the first.
type Pos struct {
	Offset int64 // in bytes, in the source's own encoding
	Line   int64 // the physical line that begins here, from 1
	Row    int64 // how many rows stand before, the header not counted
}

// Shape is how a table is written.
type Shape struct {
	Encoding   string   // "UTF-8", "UTF-16LE", "UTF-16BE", "GB18030", "Windows-1252"
	BOM        bool     // whether a byte order mark stands at the start
	Delimiter  rune     // ',', ';', '\t' or '|', or what a "sep=" line says
	CR         bool     // whether a lone carriage return ends a line (old Mac files)
	Header     []string // the names of the columns, each non-empty; "Column 3" where there is none
	Headerless bool     // the first line is data already
	HeaderLine int64    // the physical line of the header; 0 if there is none
	Start      Pos      // the first row of data
	Empty      bool     // there is nothing in the source but white space
}

// Oddity is something about a row that does not keep it from being read.
type Oddity uint8

// Oddities.
const (
	OddNUL   Oddity = 1 << iota // NUL bytes were left out
	OddBytes                    // bytes that are no text in the table's encoding became U+FFFD
	OddQuote                    // a quote inside a quoted cell was not doubled
)

// Problem is why a row cannot be trusted.
type Problem string

// Problems.
const (
	Unclosed Problem = "unclosed" // a quote opens on this line and is never closed
	TooLong  Problem = "too_long" // longer than MaxRow
)

// Row is one row.
type Row struct {
	Cells   []string // UTF-8; line breaks in cells are "\n"
	Start   Pos      // Start.Line is the physical line on which the row begins
	End     Pos      // the place behind it
	Odd     Oddity
	Problem Problem // empty: the row is whole
}
