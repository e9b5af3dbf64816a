package demo

import "time"

// cast is who the demo's stories are about.
type cast struct {
	jana  *person // Jana Köhler of an observatory, who is waiting for a quote
	liwei *person // 李伟, as a shop customer
	weili *person // Li Wei, another customer number of the shop with the same phone
}

// Where the stories are told of: the files and the people's entries speak of the same.
const (
	janaMail  = "jana.koehler@sternwarte.example"
	liweiMail = "li.wei@xinghai-optics.example"
	weiliMail = "weili@haiguang.example"

	observatory = "Sternwarte Lübeck e.V."

	// Twin is somebody about whom the demo raises the question whether there are two of them.
	Twin = liweiMail
)

// janaDays are the days between Jana's orders: usually 31.
var janaDays = []int{31, 31, 62, 31, 31, 70, 31, 31, 58, 31, 31, 75, 31, 31, 66, 31, 68, 31, 31, 70, 31, 67}

// janaSpent is what the observatory's orders come to.
const janaSpent = 4831020

func (w *world) cast() (*cast, []*person, []*sale) {
	c := &cast{
		jana: &person{given: name{own: "Jana"}, family: name{own: "Köhler"}, from: cultureOf("DE"), town: town{"Lübeck", "23552", ""},
			street: "Am Wall 3", email: janaMail, phone: "+49 451 901820", company: observatory, marketing: true, texts: true, tags: []string{"business", "wholesale"}},
		liwei: &person{given: name{"伟", "Wei"}, family: name{"李", "Li"}, from: cultureOf("CN"), town: town{"青岛", "266000", ""},
			street: "香港中路 61", email: liweiMail, phone: "+86 138 0013 8000", company: "青岛星海光学有限公司",
			marketing: true, texts: true, tags: []string{"wholesale"}},
		weili: &person{given: name{own: "Li"}, family: name{own: "Wei"}, from: cultureOf("CN"), town: town{"Qingdao", "266000", ""},
			street: "61 Xianggang Middle Rd", email: weiliMail, phone: "+86 13800138000", company: "Haiguang Optics Co., Ltd.", texts: true},
	}
	for _, taken := range []string{"name liwei", "name weili", "name janakoehler", "phone +86 138 0013 8000"} {
		w.claim(taken)
	}
	return c, []*person{c.jana, c.liwei, c.weili}, append(c.janaSales(), c.chineseSales()...)
}

func goods(quantityAndSKU ...any) []line {
	var out []line
	for i := 0; i+1 < len(quantityAndSKU); i += 2 {
		out = append(out, line{articleBy(quantityAndSKU[i+1].(string)), int64(quantityAndSKU[i].(int))})
	}
	return out
}

func (c *cast) janaSales() []*sale {
	baskets := [][]line{
		goods(2, "NL-DOB-200", 4, "NL-EYE-25"), goods(6, "NL-EYE-9", 2, "NL-FLT-UHC"), goods(10, "NL-FLT-SUN"), goods(3, "NL-DOB-200", 3, "SKU-7"),
		goods(20, "NL-MAP-KID"), goods(4, "NL-MNT-EQ5"), goods(4, "NL-REF-80"), goods(12, "NL-FLT-SUN", 6, "NL-LMP-RED"), goods(8, "NL-EYE-25"),
		goods(2, "NL-CAM-PL", 2, "NL-BAR-2"), goods(5, "NL-BIN-1050"), goods(3, "NL-MAK-127", 3, "NL-BAG-L"), goods(30, "NL-MAP-25"),
		goods(2, "NL-DOB-150", 2, "NL-FND-RD"), goods(10, "SKU-7"), goods(6, "NL-DEW-80"), goods(4, "NL-TRP-CF", 1, "NL-CAM-PL"),
		goods(15, "NL-LMP-RED"), goods(6, "NL-REF-60"), goods(5, "NL-BAR-2", 5, "NL-EYE-9"), goods(2, "NL-MNT-EQ5", 1, "NL-REF-80"),
		nil, goods(40, "SKU-7"),
	}
	at := time.Date(2024, 3, 14, 9, 12, 0, 0, time.UTC)
	var out []*sale
	var sum int64
	for i, lines := range baskets {
		s := &sale{at: at, by: c.jana, lines: lines, financial: "paid", shipped: at.Add(50 * time.Hour)}
		out = append(out, s)
		sum += s.total()
		if i < len(janaDays) {
			at = at.AddDate(0, 0, janaDays[i])
		}
	}
	dome := out[len(out)-2]
	dome.lines = []line{{article{sku: "NL-DOME", name: "Dome drive and control, as quoted", price: janaSpent - sum}, 1}}
	dome.note = "Quote 2198, installation by ourselves"
	return out
}

func (c *cast) chineseSales() []*sale {
	var out []*sale
	add := func(by *person, date string, lines []line) {
		at, err := time.Parse("2006-01-02 15:04", date)
		if err != nil {
			panic(err)
		}
		out = append(out, &sale{at: at, by: by, lines: lines, financial: "paid", shipped: at.Add(70 * time.Hour)})
	}
	add(c.liwei, "2025-04-08 03:20", goods(10, "NL-EYE-25", 10, "NL-EYE-9"))
	add(c.liwei, "2025-09-17 06:41", goods(20, "SKU-7"))
	add(c.weili, "2026-01-22 08:05", goods(6, "NL-BIN-1050"))
	add(c.liwei, "2026-03-11 02:58", goods(12, "NL-REF-60", 12, "NL-BAG-L"))
	add(c.weili, "2026-06-30 09:33", goods(4, "NL-CAM-PL"))
	add(c.liwei, "2026-10-19 07:12", goods(15, "NL-EYE-9", 5, "NL-FLT-UHC"))
	return out
}
