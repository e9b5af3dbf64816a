package bolt_test

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/keptcrm/kept/state"
	"github.com/keptcrm/kept/state/bolt"
)

// testdata/staff.db.gz was written by "kept staff add" before staff had accounts in chats.
func TestStaffOfAnOldFileGetAccounts(t *testing.T) {
	t.Parallel()
	packed, err := os.Open("testdata/staff.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kept.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := bolt.Open(path, bolt.Options{Kinds: state.Kinds()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	byChat := func(tx state.Tx) []*state.Staff {
		t.Helper()
		found, err := state.StaffMembers.By(tx, "chat", state.TextKey("slack:T1:U7"))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	err = state.Change(ctx, s, state.Cause{What: "test"}, func(w *state.Writer) error {
		if n := len(byChat(w.Tx())); n != 0 {
			t.Errorf("%d have the account", n)
		}
		found, err := state.StaffMembers.By(w.Tx(), "login", state.TextKey("wei"))
		if err != nil || len(found) != 1 {
			t.Fatalf("wei: %v %v", found, err)
		}
		found[0].Chats = []string{"slack:T1:U7", "slack:T1:U9"}
		return state.StaffMembers.Put(w, found[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	err = state.Change(ctx, s, state.Cause{What: "test"}, func(w *state.Writer) error {
		if found := byChat(w.Tx()); len(found) != 1 || found[0].Name != "王伟" {
			t.Errorf("got %v", found)
		}
		ana, err := state.StaffMembers.Number(w.Tx(), 1)
		if err != nil {
			return err
		}
		ana.Chats = []string{"slack:T1:U9"}
		return state.StaffMembers.Put(w, ana)
	})
	if err == nil {
		t.Error("two of us have one account")
	}
}
