/* Intel's multi-buffer library behind three functions. Its manager holds function pointers chosen for this CPU. */
#include <intel-ipsec-mb.h>
#include <stdlib.h>
#include <string.h>

struct gcm {
	struct gcm_key_data key;
	IMB_MGR *manager;
};

void *fv_gcm_new(const unsigned char *key, int level)
{
	struct gcm *gcm = aligned_alloc(64, (sizeof(struct gcm) + 63) / 64 * 64);
	gcm->manager = alloc_mb_mgr(0);
	IMB_ARCH chosen;
	if (level == 1)
		init_mb_mgr_sse(gcm->manager);
	else if (level == 2)
		init_mb_mgr_avx2(gcm->manager);
	else
		init_mb_mgr_auto(gcm->manager, &chosen);
	IMB_AES256_GCM_PRE(gcm->manager, key, &gcm->key);
	return gcm;
}

void fv_gcm_seal(struct gcm *gcm, const unsigned char *nonce, const unsigned char *aad, size_t aad_len,
		 const unsigned char *plaintext, size_t len, unsigned char *out)
{
	struct gcm_context_data context;
	IMB_AES256_GCM_ENC(gcm->manager, &gcm->key, &context, out, plaintext, len, nonce, aad, aad_len, out + len, 16);
}

int fv_gcm_open(struct gcm *gcm, const unsigned char *nonce, const unsigned char *aad, size_t aad_len,
		const unsigned char *sealed, size_t len, unsigned char *out)
{
	struct gcm_context_data context;
	unsigned char tag[16], difference = 0;
	IMB_AES256_GCM_DEC(gcm->manager, &gcm->key, &context, out, sealed, len, nonce, aad, aad_len, tag, 16);
	for (int at = 0; at < 16; at++)
		difference |= tag[at] ^ sealed[len + at];
	return difference == 0;
}
