package demo

// article is something that Nordlicht Optik sells; the price is in minor units of the currency of
// the sale, with tax.
type article struct {
	sku, name string
	price     int64
	weight    int // how often it is bought
	etsy      bool
}

var articles = []article{
	{"NL-DOB-150", "Dobson telescope 150/1200", 42900, 6, false},
	{"NL-DOB-200", "Dobson telescope 200/1200", 61900, 5, false},
	{"NL-REF-80", "Refractor 80/560 ED", 78900, 4, false},
	{"NL-REF-60", "Travel refractor 60/360", 18900, 8, false},
	{"NL-MAK-127", "Maksutov 127/1500", 54900, 4, false},
	{"NL-MNT-AZ", "Altazimuth mount", 22900, 5, false},
	{"NL-MNT-EQ5", "Equatorial mount EQ5", 69900, 3, false},
	{"NL-BIN-1050", "Binoculars 10x50", 14900, 9, false},
	{"NL-EYE-25", "Eyepiece 25 mm", 4900, 12, false},
	{"NL-EYE-9", "Eyepiece 9 mm, wide field", 8900, 11, false},
	{"NL-BAR-2", "Barlow lens 2x", 5990, 8, false},
	{"NL-FLT-UHC", "Nebula filter UHC 1.25\"", 7490, 6, false},
	{"NL-FLT-SUN", "Solar filter foil A4", 2490, 8, false},
	{"NL-FND-RD", "Red dot finder", 3990, 8, false},
	{"SKU-7", "Finderscope 8x50", 4850, 7, false},
	{"NL-CAM-PL", "Planetary camera", 24900, 3, false},
	{"NL-TRP-CF", "Carbon tripod", 19900, 3, false},
	{"NL-BAG-L", "Padded bag, large", 6990, 5, true},
	{"NL-MAP-25", "Star map 2025, poster", 1990, 9, true},
	{"NL-MAP-KID", "Star wheel for children", 1290, 9, true},
	{"NL-MUG-MW", "Mug \"Milky Way\" ☕", 1490, 8, true},
	{"NL-LMP-RED", "Red light lamp", 1890, 8, true},
	{"NL-DEW-80", "Dew heater band 80 mm", 3490, 4, true},
	{"NL-PRT-M31", "Print \"Andromeda\", 40 x 60", 3900, 6, true},
}

func articleBy(sku string) article {
	for _, a := range articles {
		if a.sku == sku {
			return a
		}
	}
	panic("demo: no article " + sku)
}

// choose gives an article by weight, of those for Etsy only where etsy is true.
func choose(d *dice, etsy bool) article {
	sum := 0
	for _, a := range articles {
		if !etsy || a.etsy {
			sum += a.weight
		}
	}
	n := d.below(sum)
	for _, a := range articles {
		if etsy && !a.etsy {
			continue
		}
		if n -= a.weight; n < 0 {
			return a
		}
	}
	return articles[0]
}
