package service

// What a search may cost altogether, in keys of an index that are read one after the other; a hundred thousand of these take a
// few hundredths of a second. Each way of searching is granted its share when its turn comes, so that the better ones, which come
// first, leave something to those behind them.
const (
	effortNames  = 14_000
	effortTypos  = 8_000
	effortInside = 12_000

	costSeek     = 8  // to find a place in the index
	costCustomer = 50 // to read a customer and when somebody last dealt with it
)

// effort is what is left of it.
type effort struct{ left int }

func (e *effort) grant(n int) { e.left += n }

func (e *effort) spend(n int) { e.left -= min(n, max(e.left, 0)) }

// allowed says how many of n keys may be read.
func (e *effort) allowed(n int) int { return min(n, max(e.left-costSeek, 0)) }

// customers says how many of n customers may be read, and counts them.
func (e *effort) customers(n int) int {
	n = min(n, max(minLoaded, e.left/costCustomer))
	e.spend(n * costCustomer)
	return n
}
