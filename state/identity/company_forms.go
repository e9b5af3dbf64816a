package identity

import (
	"strings"
)

// legalForms are the forms that follow a name, as they are usually written, behind a bar in their other spellings; how they
// fold is computed. A form with dots is also found without them (S.r.l., Srl).
var legalForms = []string{
	"GmbH|G.m.b.H.|Ges.m.b.H.|Gesellschaft mbH|Gesellschaft mit beschränkter Haftung", "gGmbH", "mbH", "AG|Aktiengesellschaft", "KG", "KGaA", "OHG", "GbR", "eG", "e.V.|eingetragener Verein", "e.K.", "e.Kfm.", "e.Kfr.", "UG", "UG (haftungsbeschränkt)",
	"PartG", "PartG mbB", "Stiftung & Co. KG", "GmbH & Co. KG", "GmbH & Co. KGaA",
	"GmbH & Co.", "UG & Co. KG", "AG & Co. KG", "SE & Co. KG", "e.U.", "SE",
	"Ltd.|Limited", "Co. Ltd.|Company Limited|Co. Limited", "PLC", "LLP", "LLC|L.L.C.", "LP", "Inc.|Incorporated", "Corp.|Corporation", "Co.|Company", "Pty Ltd.|Pty Limited",
	"Pty", "Pvt Ltd.|Private Limited|Pvt Limited|(P) Ltd.", "Pte Ltd.|Pte Limited", "Pte", "Sdn Bhd", "Bhd", "PLLC", "P.C.", "CIC", "N.A.", "DAC", "ULC", "LDC",
	"S.A.", "S.A.S.", "SASU", "S.à r.l.", "SARL", "EURL", "SNC", "SCI", "S.p.A.", "S.r.l.", "S.r.l.s.", "S.a.s. di", "S.n.c.", "Soc. Coop.", "S.L.", "S.L.U.", "S.A.U.", "S.A. de C.V.",
	"S. de R.L. de C.V.", "S. de R.L.", "S.A.P.I. de C.V.", "S.A.C.", "S.C.", "Ltda.", "Lda.", "EIRELI", "S/A", "EPP", "ASBL", "VZW", "SPRL", "SRL", "BVBA",
	"B.V.", "N.V.", "V.O.F.", "C.V.", "AB", "HB", "A/S", "AS", "ASA", "ApS", "I/S", "Oy", "Oyj", "Oy Ab", "Ab", "ehf.", "hf.", "OÜ", "UAB", "SIA",
	"sp. z o.o.", "Sp. z o.o. sp. k.", "sp. j.", "sp. k.", "S.r.o.", "spol. s r.o.", "a.s.", "Kft.", "Zrt.", "Nyrt.", "Bt.", "d.o.o.", "d.d.", "EOOD", "OOD", "EAD", "AD",
	"A.Ş.", "Ltd. Şti.", "San. ve Tic. A.Ş.", "San. ve Tic. Ltd. Şti.", "FZE", "FZCO", "FZ-LLC", "W.L.L.", "K.K.", "G.K.", "Y.K.", "Tbk", "JSC", "OJSC", "PJSC",
	"AE", "EPE", "IKE", "ООО", "ОАО", "ЗАО", "ПАО", "АО", "ТОО", "ТОВ", "ش.م.م", "ذ.م.م", "ش.م.ك", "בע\"מ", "(株)", "(有)", "(주)",
}

// legalFormsBefore are customary in front of a name.
var legalFormsBefore = []string{"ООО", "ОАО", "ЗАО", "ПАО", "АО", "ИП", "ТОО", "ТОВ", "PT", "CV", "P.T.", "شركة", "UAB", "SIA", "OÜ", "AB", "Fa.", "Firma", "(株)", "(有)", "(주)"}

// eastForms stand before or behind without a gap; longer ones first.
var eastForms = []string{
	"股份有限公司", "有限责任公司", "有限責任公司", "集团有限公司", "集團有限公司", "株式会社", "株式會社", "有限会社", "合同会社", "合資会社", "合名会社", "一般社団法人", "一般財団法人",
	"有限公司", "주식회사", "유한회사", "유한책임회사", "个体工商户", "(有限合伙)", "有限合伙",
}

// eastFormMarks are the short forms of ㈱ and ㈜, which after folding are words of their own.
var eastFormMarks = wordSet("株 有 주")

var companyJoints = wordSet("and und et en och og ja и")

var formsBehind, formsBefore, maxFormWords = compileForms()

func compileForms() (behind, before map[string]string, longest int) {
	behind, before = make(map[string]string), make(map[string]string)
	add := func(to map[string]string, form string) {
		shown, _, _ := strings.Cut(form, "|")
		for spelling := range strings.SplitSeq(form, "|") {
			for _, words := range [][]string{companyWords(spelling), companyWords(strings.ReplaceAll(spelling, ".", ""))} {
				longest = max(longest, len(words))
				if key := strings.Join(words, " "); key != "" && to[key] == "" {
					to[key] = shown
				}
			}
		}
	}
	for _, f := range legalForms {
		add(behind, f)
	}
	for _, f := range legalFormsBefore {
		add(before, f)
	}
	return behind, before, longest
}

// companyJunk is what stands in company fields of people who have none. Keys are folded and without gaps between Han.
var companyJunk = func() map[string]bool {
	m := make(map[string]bool)
	for junk := range strings.SplitSeq(`n/a, na, n.a., none, no, null, nil, nan, undefined, unknown, not applicable, no company, not specified, tbd, x, xx, xxx, test, self, self employed,
		selfemployed, myself, me, private, private person, individual, personal, home, home office, freelance, freelancer, independent, retired, unemployed, student, consumer,
		privat, privatperson, privatkunde, privatkundin, selbständig, selbstständig, freiberufler, freiberuflich, freiberuflerin, keine, keiner, kein, ohne, unbekannt, rentner, rentnerin, studentin,
		particulier, particular, aucun, aucune, néant, sans, ninguna, ninguno, autónomo, privato, nessuno, nessuna, nenhum, nenhuma, geen, prive, privé, privatist, ingen,
		нет, частное лицо, физлицо, физическое лицо, самозанятый, لا يوجد, فرد, شخصي, 个人, 個人, 无, 無, 没有, 沒有, 暂无, 暫無, 自由职业, 自由職業, 自由职业者, 私人, 学生, なし, 無し, フリーランス, 없음, 개인, 프리랜서,
		company, company name, firma, your company, 公司, 公司名称`, ",") {
		m[strings.Join(companyWords(junk), " ")] = true
	}
	for _, digit := range []string{"0", "1", "00", "000"} {
		m[digit] = true
	}
	return m
}()
